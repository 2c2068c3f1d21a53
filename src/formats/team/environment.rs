//! Environments: what belongs to them, and what they accept.

use super::reader::Reader;
use crate::{
    formats::yaml::NodeId,
    model::{Accept, Environment, Lined},
};

const KEYS: [&str; 7] = ["contexts", "servers", "namespaces", "accepts", "tags", "reason", "protected"];

/// All of them, by name.
pub(super) fn all(reader: &mut Reader<'_>, node: NodeId) -> Vec<Environment> {
    let mut environments = Vec::new();
    for (key, name, value) in reader.pairs(node, "`environments`") {
        let line = reader.line(key);
        environments.push(one(reader, name, line, value));
    }
    environments
}

fn one(reader: &mut Reader<'_>, name: &str, line: usize, node: NodeId) -> Environment {
    let mut environment = Environment {
        name: name.to_owned(),
        line,
        contexts: Vec::new(),
        servers: Vec::new(),
        namespaces: Vec::new(),
        accepts: None,
        tags: None,
        reason: None,
        protected: None,
    };
    for (key, value) in reader.mapping(node, &format!("environment `{name}`"), &KEYS) {
        let line = reader.line(value);
        match key {
            "contexts" => environment.contexts = reader.wildcards(key, value),
            "servers" => environment.servers = reader.wildcards(key, value),
            "namespaces" => environment.namespaces = reader.wildcards(key, value),
            "accepts" => environment.accepts = Some(Lined { line, value: accepts(reader, value) }),
            "tags" => environment.tags = Some(Lined { line, value: reader.wildcards(key, value) }),
            "protected" => environment.protected = reader.flag(key, value),
            _ => {
                if let Some(text) = reader.text(key, value)
                    && reader.word(key, value, text, &["required", "optional"]) == Some(0)
                {
                    environment.reason = Some(line);
                }
            }
        }
    }
    environment
}

fn accepts(reader: &mut Reader<'_>, node: NodeId) -> Vec<Accept> {
    let known = Accept::ALL.map(Accept::as_str);
    let texts = reader.texts("accepts", node);
    let words = texts.into_iter().filter_map(|(at, text)| reader.word("accepts", at, text, &known));
    words.map(|at| Accept::ALL[at]).collect()
}
