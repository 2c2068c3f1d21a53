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
    Panic = "panic", "what broke: roll back several";
    Since = "since", "look further back";
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
    Namespaces = "namespaces", "namespaces";
    Autoscalers = "autoscalers", "autoscalers";
    Routes = "routes", "routes";
    Jobs = "jobs", "jobs";
    CronJobs = "cronjobs", "CronJobs";
    Releases = "releases", "Helm releases";
    Nodes = "nodes", "nodes and usage";
    Operations = "operations", "operations";
    Journal = "journal", "journal";
    Export = "export", "export";
    ExportAll = "export-all", "export all that are shown, or marked, as Markdown";
    SortName = "sort-name", "sort by name; again: turned round";
    SortNamespace = "sort-namespace", "sort by namespace";
    SortAge = "sort-age", "sort by age or last change";
    SortAttention = "sort-attention", "what needs attention first";
    SortNext = "sort-next", "sort by the next column";
    SortPrevious = "sort-previous", "sort by the column before";
    SortReverse = "sort-reverse", "turn the order round";
    Wide = "wide", "every column, as wide as it wants";
    Columns = "columns", "choose the columns";
    ColumnsRight = "columns-right", "wide: columns to the right";
    ColumnsLeft = "columns-left", "wide: columns to the left";
    Mark = "mark", "mark";
    MarkRange = "mark-range", "mark from the last mark to here";
    MarkAll = "mark-all", "mark all that are shown, or none";
    Unmark = "unmark", "take every mark away";
    Group = "group", "group namespaces by a label";
    FoldAll = "fold-all", "fold or unfold every group";
    Placement = "placement", "on which nodes its pods run";
    HistoryBack = "history-back", "the screen before";
    HistoryForward = "history-forward", "the screen after";
    LastScreen = "last-screen", "to and fro between two screens";
    TabOverview = "overview", "overview of the workload";
    TabRevisions = "revisions", "its revisions, commits and syncs";
    TabPods = "pods", "its pods by revision";
    TabEvents = "events", "its events";
    TabAutoscaler = "autoscaler", "its autoscaler";
    TabYaml = "yaml", "its YAML";
    TabTraffic = "traffic", "its Services and routes";
    TabGit = "git", "where Git sets its image";
    NextTab = "next-tab", "next tab";
    PreviousTab = "previous-tab", "previous tab";
    Compare = "compare", "compare two revisions";
    Fold = "fold", "fold or unfold";
    NextMatch = "next-match", "next match";
    PreviousMatch = "previous-match", "previous match";
    Contexts = "contexts", "contexts";
    Fleet = "fleet", "fleet";
    WatchContext = "watch-context", "watch";
    LogIn = "log-in", "log in";
    Reload = "reload-kubeconfig", "reload kubeconfig";
    Logs = "logs", "logs";
    Follow = "follow", "follow the end, or stay";
    Wrap = "wrap", "break long lines, or cut them";
    Times = "times", "times: none, of day, age";
    Containers = "containers", "choose pods and containers";
    PreviousRun = "previous-run", "the run before, or the current one";
    Search = "search", "search";
    OlderLines = "older-lines", "older lines";
    SinceTail = "since-tail", "the last lines";
    SinceMinute = "since-minute", "the last minute";
    SinceQuarter = "since-quarter", "the last 15 minutes";
    SinceHour = "since-hour", "the last hour";
    SinceAll = "since-all", "all that is kept";
    ClearLines = "clear-lines", "clear";
    SaveLines = "save-lines", "save to a file";
    AsideLeft = "aside-left", "to the left";
    AsideRight = "aside-right", "to the right";
    Pause = "pause", "pause";
    Next = "next", "next step now";
    StepBack = "step-back", "step back";
    Abort = "abort", "abort";
    Resume = "resume", "resume";
    Run = "run", "run";
    Diff = "diff", "diff";
    Save = "save", "save as JSON";
    Reason = "reason", "say why";
    Override = "override-policy", "override the team's rules";
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
