//! What a key can do: one closed set, so that every action has a name for `keys.toml`, a line of help and a handler.

macro_rules! actions {
    ($($variant:ident = $name:literal, $desc:literal;)*) => {
        /// What a key does. None of them changes a cluster: a verb only opens a plan or a form.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action { $(#[doc = $desc] $variant,)* }

        impl Action {
            /// Every action, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// Every action's name.
            pub const NAMES: &'static [&'static str] = &[$($name,)*];

            /// Its name in `keys.toml` and in the palette.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it does, for the help and the key bar.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => $desc,)* }
            }
        }
    };
}

actions! {
    RollBack = "rollback", "roll back";
    RollBackTo = "rollback-to", "roll back to a revision of choice";
    Restart = "restart", "restart";
    Bump = "bump", "bump";
    Shift = "shift", "shift traffic";
    Migrate = "migrate", "migrate";
    Open = "open", "open";
    Back = "back", "back";
    Filter = "filter", "filter";
    Palette = "palette", "command";
    Help = "help", "help";
    Quit = "quit", "quit";
    Up = "up", "up";
    Down = "down", "down";
    Top = "top", "to the top";
    Bottom = "bottom", "to the bottom";
    HalfPageUp = "half-page-up", "half a page up";
    HalfPageDown = "half-page-down", "half a page down";
    NextPane = "next-pane", "next pane";
    PreviousPane = "previous-pane", "previous pane";
    AllNamespaces = "all-namespaces", "all namespaces";
    Namespace1 = "namespace-1", "first namespace";
    Namespace2 = "namespace-2", "second namespace";
    Namespace3 = "namespace-3", "third namespace";
    Namespace4 = "namespace-4", "fourth namespace";
    Namespace5 = "namespace-5", "fifth namespace";
    Namespace6 = "namespace-6", "sixth namespace";
    Namespace7 = "namespace-7", "seventh namespace";
    Namespace8 = "namespace-8", "eighth namespace";
    Namespace9 = "namespace-9", "ninth namespace";
    Workloads = "workloads", "workloads";
    Routes = "routes", "routes";
    Jobs = "jobs", "jobs";
    Operations = "operations", "operations";
    TabOverview = "tab-overview", "overview of the workload";
    TabRevisions = "tab-revisions", "its revisions, commits and syncs";
    TabPods = "tab-pods", "its pods by revision";
    TabEvents = "tab-events", "its events";
    TabAutoscaler = "tab-autoscaler", "its autoscaler";
    TabYaml = "tab-yaml", "its YAML";
    TabTraffic = "tab-traffic", "its Services and routes";
    TabGit = "tab-git", "where Git sets its image";
    NextTab = "next-tab", "next tab";
    PreviousTab = "previous-tab", "previous tab";
    Mark = "mark", "mark";
    Compare = "compare", "compare two revisions";
    Fold = "fold", "fold or unfold managed fields";
    NextMatch = "next-match", "next match";
    PreviousMatch = "previous-match", "previous match";
    Contexts = "contexts", "contexts";
    Fleet = "fleet", "fleet";
    WatchContext = "watch-context", "watch";
    LogIn = "log-in", "log in";
    Reload = "reload-kubeconfig", "reload kubeconfig";
    Pause = "pause", "pause";
    Next = "next", "next step now";
    StepBack = "step-back", "step back";
    Abort = "abort", "abort";
    Resume = "resume", "resume";
    Run = "run", "run";
    Diff = "diff", "diff";
    Save = "save", "save as JSON";
    Reason = "reason", "say why";
    Copy = "copy", "copy a name, an image, a sentence, a command";
    Suspend = "suspend", "to the shell (fg returns)";
    Redraw = "redraw", "draw again";
}

impl Action {
    /// The action with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }

    /// Whether it opens the way to a plan.
    pub const fn is_verb(self) -> bool {
        matches!(self, Self::RollBack | Self::RollBackTo | Self::Restart | Self::Bump | Self::Shift | Self::Migrate)
    }

    /// The number of the namespace that a digit chooses, from one.
    pub const fn namespace(self) -> Option<usize> {
        match self {
            Self::Namespace1 => Some(1),
            Self::Namespace2 => Some(2),
            Self::Namespace3 => Some(3),
            Self::Namespace4 => Some(4),
            Self::Namespace5 => Some(5),
            Self::Namespace6 => Some(6),
            Self::Namespace7 => Some(7),
            Self::Namespace8 => Some(8),
            Self::Namespace9 => Some(9),
            _ => None,
        }
    }
}
