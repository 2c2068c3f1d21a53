//! `config.toml`: what an operator may want otherwise. Every key is optional; none is needed to start.

use super::{document::Document, error::ConfigError};
use ratatui::style::Color;
use std::{collections::BTreeMap, path::Path};

/// What `config.toml` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Refuse every change.
    pub read_only: bool,
    /// The theme's name: one of the built-in ones or a file in the folder `themes`.
    pub theme: Option<String>,
    /// Only ASCII on the screen, or never mind what the environment says; None leaves it to the locale and the terminal.
    pub ascii: Option<bool>,
    /// Whether the mouse is taken; without it the terminal selects text by itself.
    pub mouse: Option<bool>,
    /// The GitOps repository: a path or a URL.
    pub repository: Option<String>,
    /// The label that namespaces are grouped by: a client, an environment, a pull request.
    pub group_by: Option<String>,
    /// The label of nodes by which it is shown where pods run.
    pub node_label: Option<String>,
    /// What is special about some contexts, by the context's name.
    pub contexts: BTreeMap<String, ContextSettings>,
}

/// What is special about one kubeconfig context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextSettings {
    /// Whether changes need the target's name typed; None leaves it to the server's address.
    pub protected: Option<bool>,
    /// Refuse every change in this context.
    pub read_only: Option<bool>,
    /// The colour of its name in the header.
    pub colour: Option<Color>,
    /// Its GitOps repository, instead of the general one.
    pub repository: Option<String>,
    /// Namespaces to look at where the cluster does not let us list them.
    pub namespaces: Vec<String>,
}

const KEYS: [&str; 8] = ["read_only", "theme", "ascii", "mouse", "repository", "group_by", "node_label", "contexts"];
const CONTEXT_KEYS: [&str; 5] = ["protected", "read_only", "colour", "repository", "namespaces"];

impl Settings {
    /// A `config.toml` with every key, to start from.
    pub const EXAMPLE: &str = include_str!("example.toml");

    /// Reads the text of `file`; what could be understood is kept beside the complaints.
    pub fn parse(file: &Path, text: &str) -> (Self, Vec<ConfigError>) {
        let (mut document, table) = Document::parse(file, text);
        let mut settings = Self::default();
        for (key, value) in &table {
            match &**key.get_ref() {
                "read_only" => settings.read_only = document.boolean("read_only", value).unwrap_or(false),
                "theme" => settings.theme = document.text("theme", value),
                "ascii" => settings.ascii = document.boolean("ascii", value),
                "mouse" => settings.mouse = document.boolean("mouse", value),
                "repository" => settings.repository = document.text("repository", value),
                "group_by" => settings.group_by = document.text("group_by", value),
                "node_label" => settings.node_label = document.text("node_label", value),
                "contexts" => {
                    for (name, value) in document.table("contexts", value).into_iter().flatten() {
                        let Some(table) = document.table(name.get_ref(), value) else { continue };
                        let context = ContextSettings::read(&mut document, table);
                        settings.contexts.insert(name.get_ref().to_string(), context);
                    }
                }
                other => document.unknown("key", other, key.span(), &KEYS),
            }
        }
        (settings, document.finish())
    }

    /// Whether `context` is protected: as configured, else whenever its server is not on this machine.
    pub fn protected(&self, context: &str, loopback: bool) -> bool {
        self.contexts.get(context).and_then(|c| c.protected).unwrap_or(!loopback)
    }

    /// Whether changes are refused in `context`.
    pub fn read_only(&self, context: &str) -> bool {
        self.contexts.get(context).and_then(|c| c.read_only).unwrap_or(self.read_only)
    }

    /// The GitOps repository for `context`.
    pub fn repository(&self, context: &str) -> Option<&str> {
        self.contexts.get(context).and_then(|c| c.repository.as_deref()).or(self.repository.as_deref())
    }

    /// Namespaces to look at in `context` where it does not let us list them.
    pub fn namespaces(&self, context: &str) -> &[String] {
        self.contexts.get(context).map(|c| c.namespaces.as_slice()).unwrap_or_default()
    }

    /// The colour that `context` is shown in.
    pub fn colour(&self, context: &str) -> Option<Color> {
        self.contexts.get(context).and_then(|c| c.colour)
    }
}

impl ContextSettings {
    fn read(document: &mut Document<'_>, table: &toml::de::DeTable<'_>) -> Self {
        let mut context = Self::default();
        for (key, value) in table {
            match &**key.get_ref() {
                "protected" => context.protected = document.boolean("protected", value),
                "read_only" => context.read_only = document.boolean("read_only", value),
                "repository" => context.repository = document.text("repository", value),
                "namespaces" => context.namespaces = document.texts("namespaces", value),
                "colour" => {
                    let Some(text) = document.text("colour", value) else { continue };
                    context.colour = text.parse().ok();
                    if context.colour.is_none() {
                        let hint = Some("a name such as `red`, a number from 0 to 255, or #rrggbb".to_owned());
                        document.complain(value.span(), format!("`{text}` is no colour"), hint);
                    }
                }
                other => document.unknown("key of a context", other, key.span(), &CONTEXT_KEYS),
            }
        }
        context
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (Settings, Vec<String>) {
        let (settings, errors) = Settings::parse(Path::new("config.toml"), text);
        (settings, errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_example_says_everything_and_nothing_wrong() {
        let (settings, errors) = parse(Settings::EXAMPLE);
        assert_eq!(errors, Vec::<String>::new());
        assert_eq!(settings.colour("production"), Some(Color::Rgb(0xb3, 0x26, 0x1e)));
        for key in KEYS.iter().chain(&CONTEXT_KEYS) {
            assert!(Settings::EXAMPLE.contains(&format!("{key} = ")) || *key == "contexts", "{key}");
        }
    }

    #[test]
    fn everything_can_be_said() {
        let (settings, errors) = parse(
            "read_only = true\ntheme = \"light\"\nrepository = \"/srv/gitops\"\n\
             [contexts.prod-eu]\nprotected = true\ncolour = \"red\"\nnamespaces = [\"shop\", \"edge\"]\nrepository = \"git@example.org:prod.git\"\n\
             [contexts.\"kind-dev\"]\nprotected = false\nread_only = false\n",
        );
        assert_eq!(errors, Vec::<String>::new());
        assert_eq!(settings.theme.as_deref(), Some("light"));
        assert_eq!(settings.repository("prod-eu"), Some("git@example.org:prod.git"));
        assert_eq!(settings.repository("kind-dev"), Some("/srv/gitops"));
        assert!(settings.read_only("prod-eu") && !settings.read_only("kind-dev"));
        assert_eq!(settings.colour("prod-eu"), Some(Color::Red));
        assert_eq!((settings.namespaces("prod-eu").len(), settings.namespaces("kind-dev").len()), (2, 0));
    }

    #[test]
    fn a_server_elsewhere_is_protected_until_unmarked() {
        let (settings, _) = parse("[contexts.lab]\nprotected = false\n[contexts.here]\nprotected = true\n");
        assert!(settings.protected("prod", false) && !settings.protected("kind", true));
        assert!(!settings.protected("lab", false) && settings.protected("here", true));
    }

    #[test]
    fn mistakes_are_named_with_place_and_remedy() {
        let (settings, errors) = parse("readonly = true\ntheme = 3\n[contexts.a]\nprotcted = true\ncolour = \"rad\"\n");
        insta::assert_snapshot!(errors.join("\n"), @r#"
        config.toml:1:1: unknown key `readonly` (did you mean `read_only`?)
        config.toml:2:9: `theme` must be a text in quotes, not an integer
        config.toml:4:1: unknown key of a context `protcted` (did you mean `protected`?)
        config.toml:5:10: `rad` is no colour (a name such as `red`, a number from 0 to 255, or #rrggbb)
        "#);
        assert!(!settings.read_only);
    }

    #[test]
    fn what_is_no_toml_is_named_with_its_place() {
        let (_, errors) = parse("theme = \n");
        assert_eq!(errors.len(), 1);
        assert!(errors[0].starts_with("config.toml:1:"), "{errors:?}");
    }
}
