//! The Traffic tab: the Services that select the workload's pods, and the routes that lead to them.

use super::sight;
use crate::{
    config::{Action, Meaning},
    model::{Aspect, Kind, Sight, Sync, Workload},
    ui::{glyph, page::Page, scene::Scene, verbs},
};

/// What leads to the workload.
pub fn page(scene: &Scene<'_>, row: &Workload, width: u16) -> Page {
    let mut page = Page::new(width);
    match sight(scene, Aspect::Traffic) {
        Ok(Sight::Traffic(traffic)) => {
            if traffic.services.is_empty() {
                page.text(Meaning::Muted, "no Service selects its pods: nothing is routed to them");
            }
            for service in &traffic.services {
                let (meaning, endpoints) = match service.endpoints {
                    Some((0, all)) => (Meaning::Broken, format!("0 of {all} endpoints ready")),
                    Some((ready, all)) if ready < all => {
                        (Meaning::Degraded, format!("{ready} of {all} endpoints ready"))
                    }
                    Some((_, all)) => (Meaning::Healthy, format!("{all} endpoints ready")),
                    None => (Meaning::Unknown, "endpoints may not be read".into()),
                };
                page.line(vec![
                    (Meaning::Muted, "service  ".into()),
                    (Meaning::Title, format!("{}  ", service.name)),
                    (meaning, endpoints),
                    (Meaning::Muted, format!("  {}  {}", service.kind, service.ports.join(", "))),
                ]);
            }
        }
        Ok(_) => {}
        Err((meaning, text)) => page.text(meaning, &text),
    }
    page.blank();
    routes(&mut page, scene, row);
    page
}

fn routes(page: &mut Page, scene: &Scene<'_>, row: &Workload) {
    let own = scene.state.service_names(&row.object);
    let mut any = false;
    for route in verbs::routes_to(scene.rows, &row.object.namespace, &own) {
        any = true;
        let (sign, meaning) = glyph::health(route.health);
        let hosts: Vec<&str> = route.hosts.iter().map(|host| &**host).collect();
        page.line(vec![
            (meaning, format!("{sign} ")),
            (Meaning::Title, format!("{} {}  ", route.object.kind, route.object.path())),
            (Meaning::Muted, hosts.join(", ")),
        ]);
        for backend in &route.backends {
            let (full, empty) = glyph::bar(backend.percent.into(), 100, 20);
            let ours = own.iter().any(|name| **name == *backend.name);
            page.line(vec![
                (Meaning::Muted, "  ".into()),
                (if ours { Meaning::Key } else { Meaning::Muted }, full),
                (Meaning::Muted, empty),
                (Meaning::Text, format!(" {:>3} %  ", backend.percent)),
                (if ours { Meaning::Title } else { Meaning::Text }, backend.name.to_string()),
                (Meaning::Muted, format!("  weight {}", backend.weight)),
            ]);
        }
        match &route.reason {
            Some(reason) => page.hanging(vec![(meaning, "  ".into())], meaning, reason),
            None => page.line(vec![(Meaning::Muted, "  accepted as it stands by every gateway it names".into())]),
        }
        page.blank();
    }
    if any {
        if let Some(key) = scene.state.session.keymap.key(scene.state.places(), Action::Shift) {
            page.line(vec![(Meaning::Key, key.to_string()), (Meaning::Text, " shifts traffic".into())]);
        }
        return;
    }
    match scene.rows.sync_of(Kind::HttpRoute) {
        Sync::Absent => page.text(Meaning::Muted, "this cluster serves no HTTPRoutes"),
        Sync::Loading => page.text(Meaning::Progressing, "loading httproutes…"),
        Sync::Forbidden { why } => page.text(Meaning::Warning, &format!("httproutes may not be listed here: {why}")),
        Sync::Live { .. } | Sync::Stale { .. } => {
            page.text(Meaning::Muted, "no HTTPRoute of its namespace names a Service of this workload as its backend");
        }
    }
}
