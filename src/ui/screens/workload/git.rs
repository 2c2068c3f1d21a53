//! The Git tab: where each container's image is written, why that place, what else the same line sets, and who changed it when.

use super::{
    revisions::{change, short},
    sight,
};
use crate::{
    config::{Action, Meaning},
    model::{Aspect, Origin, Placed, Sight, Workload},
    time::age,
    ui::{page::Page, scene::Scene, tables::version},
};

/// Where Git sets the workload's image.
pub fn page(scene: &Scene<'_>, row: &Workload, width: u16) -> Page {
    let mut page = Page::new(width);
    let origin = match sight(scene, Aspect::Git) {
        Ok(Sight::Git(origin)) => origin,
        Ok(_) => return page,
        Err((meaning, text)) => {
            page.text(meaning, &text);
            return page;
        }
    };
    page.labelled("repo", Meaning::Text, &format!("{} {}@{}", origin.repository, origin.branch, short(&origin.tip)));
    page.labelled("found", Meaning::Muted, &origin.found);
    for placed in &origin.places {
        page.blank();
        place(&mut page, scene, row, origin, placed);
    }
    for (container, why) in &origin.unplaced {
        page.blank();
        page.labelled("container", Meaning::Title, container);
        for line in why.lines() {
            page.labelled("", Meaning::Warning, line);
        }
    }
    if let Some(key) = scene.state.session.keymap.key(scene.state.places(), Action::Bump) {
        page.blank();
        page.line(vec![(Meaning::Key, key.to_string()), (Meaning::Text, " bumps it here".into())]);
    }
    page
}

/// One container's place, and who changed it when.
fn place(page: &mut Page, scene: &Scene<'_>, row: &Workload, origin: &Origin, placed: &Placed) {
    // Which container is meant is plain where there is one.
    if row.containers.len() > 1 || !origin.unplaced.is_empty() {
        page.labelled("container", Meaning::Title, &placed.container);
    }
    page.labelled("place", Meaning::Title, &placed.place);
    page.labelled("why", Meaning::Text, &placed.reason);
    if let Some(environment) = &placed.environment {
        page.labelled("for", Meaning::Text, environment);
    }
    page.labelled("image", Meaning::Text, &placed.image);
    let runs = row.containers.iter().find(|container| *container.name == *placed.container);
    if let Some(runs) = runs.filter(|container| version(&container.image) != version(&placed.image)) {
        let text = format!("the cluster runs {}: not what Git says", version(&runs.image));
        page.labelled("", Meaning::Warning, &text);
    }
    for reach in &placed.reaches {
        page.labelled("also", Meaning::Warning, &format!("the same line sets {reach}"));
    }
    for commit in &placed.commits {
        page.line(vec![
            (Meaning::Muted, format!("{:>5} ", age(commit.time, scene.now))),
            (Meaning::Input, format!("{} ", short(&commit.sha))),
            (Meaning::Title, format!("{:<20} ", change(commit))),
            (Meaning::Text, commit.subject.clone()),
            (Meaning::Muted, format!(" ({})", commit.author)),
        ]);
    }
    if placed.commits.is_empty() {
        page.text(Meaning::Muted, "no commit is known that changed it");
    }
}
