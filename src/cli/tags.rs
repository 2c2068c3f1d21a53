//! `pilothouse tags`: the tags that a workload's image could be given, with what each source and the team's rules say.

use super::{
    args::{Format, Global, Tags as Arguments},
    failure::{Failure, Sort},
    report::API_VERSION,
    table::Table,
};
use crate::{
    app::{Session, described},
    model::{TagNews, TagRow, TagSource, Tags, image::ImageReference},
    time::age,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{io::Write, process::ExitCode};

/// Prints them.
///
/// # Errors
/// When the workload cannot be read or has no such container, or printing fails. A source that does not answer is told, and is none.
pub async fn run(global: &Global, arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let session = Session::open(&global.into()).await?;
    let namespace = global.namespace.clone().unwrap_or_else(|| session.cluster.info().namespace.clone());
    let target = arguments.target.within(&namespace);
    let wanted = session.tags_wanted(&target, arguments.container.as_deref()).await?;
    let image = ImageReference::parse(&wanted.image).map_err(|e| Failure::new(Sort::Failed, e.to_string(), None))?;
    let mut tags = Tags::new(image.repository.clone(), image.tag, Vec::new());
    let now = session.clock.now();
    let mut told = Vec::new();
    session
        .tags(&wanted, |news| {
            told.push(news);
            std::future::ready(())
        })
        .await;
    told.into_iter().for_each(|news| tags.take(news, now));
    let ask = tags.rows().iter().take(arguments.limit).filter(|row| row.listed).map(|row| row.tag.clone()).collect();
    let details = described(&image.repository, ask).await;
    tags.take(TagNews::Described(details), now);
    let shown = &tags.rows()[..arguments.limit.min(tags.rows().len())];
    let whole = || {
        json!({
            "apiVersion": API_VERSION, "context": session.cluster.info().name, "workload": target,
            "repository": tags.repository, "running": tags.running, "total": tags.rows().len(),
            "sources": {"registry": source(&tags.registry), "git": source(&tags.git)},
            "tags": shown.iter().map(|row| document(&tags, row)).collect::<Vec<_>>(),
        })
    };
    match arguments.output {
        Format::Json => writeln!(out, "{:#}", whole())?,
        Format::Yaml => {
            let text = serde_yaml::to_string(&whole()).map_err(|e| Failure::internal("write YAML", e))?;
            write!(out, "{text}")?;
        }
        Format::Table => table(&tags, shown, now, out)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn source(source: &TagSource) -> Value {
    match source {
        TagSource::Asked => json!({"error": "it was not asked"}),
        TagSource::Heard { name, tags, more, at } => json!({"name": name, "tags": tags, "more": more, "at": at}),
        TagSource::Silent(why) => json!({"error": why}),
    }
}

fn document(tags: &Tags, row: &TagRow) -> Value {
    let (detail, error) = match &row.detail {
        Some(Ok(detail)) => (Some(detail), None),
        Some(Err(why)) => (None, Some(why)),
        None => (None, None),
    };
    json!({
        "tag": row.tag, "is": row.relation.to_string(), "digest": detail.map(|detail| &detail.digest),
        "created": detail.and_then(|detail| detail.created), "platforms": detail.map(|detail| &detail.platforms),
        "committed": row.committed, "listed": row.listed, "certified": tags.is_certified(row),
        "refused": row.rules.against, "error": error,
    })
}

fn table(tags: &Tags, shown: &[TagRow], now: Timestamp, out: &mut impl Write) -> Result<(), Failure> {
    let mut table = Table::new(["TAG", "IS", "AGE", "DIGEST", "CERTIFIED", "REFUSED"]);
    for row in shown {
        let detail = row.detail.as_ref().and_then(|detail| detail.as_ref().ok());
        let built = detail.and_then(|detail| detail.created).or(row.committed);
        let digest = detail.map_or("", |detail| detail.digest.get(..19).unwrap_or(&detail.digest));
        let yes = if tags.is_certified(row) { "yes" } else { "" };
        table.row([
            row.tag.clone(),
            row.relation.to_string(),
            built.map_or_else(String::new, |at| age(at, now)),
            digest.to_owned(),
            yes.to_owned(),
            row.rules.against.clone().unwrap_or_default(),
        ]);
    }
    table.write(out)?;
    for (name, source) in [("registry", &tags.registry), ("Git", &tags.git)] {
        match source {
            TagSource::Heard { name: told, tags, more, .. } => {
                let more = if *more { ", and there are more" } else { "" };
                writeln!(out, "{name}: {told}, {tags} tags{more}")?;
            }
            TagSource::Silent(why) => writeln!(out, "{name}: {why}")?,
            TagSource::Asked => {}
        }
    }
    Ok(())
}
