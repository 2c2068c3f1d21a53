//! Tests of migrating: once per image, and what is said before.

use super::super::fixtures::{self, CanRun as _, checkout, details, now, sheet, sound, verdicts};
use super::*;
use crate::model::{Container, Facts, Plan};
use crate::plan::plan as make;
use rstest::rstest;
use serde_json::json;

fn facts(prior: Option<PriorJob>) -> MigrateFacts {
    MigrateFacts {
        common: fixtures::common(fixtures::deployment("shop/checkout:2.4.0")),
        container: Container { name: "app".into(), image: "shop/checkout:2.4.0".into() },
        prior,
    }
}

fn prior(state: JobState, present: bool) -> Option<PriorJob> {
    Some(PriorJob { name: "checkout-migrate-x".into(), state, present })
}

fn migrate(facts: MigrateFacts, tag: Option<&str>, command: &[&str]) -> Result<Plan, PlanError> {
    let command = command.iter().map(|&word| word.to_owned()).collect();
    let intent = Intent::Migrate { target: checkout(), tag: tag.map(str::to_owned), container: None, command };
    make(&intent, &Facts::Migrate(facts), fixtures::operation(), None, now())
}

const COMMAND: [&str; 2] = ["./migrate", "up"];

#[test]
fn a_migration_reads_like_this() {
    let plan = migrate(facts(None), Some("2.4.1"), &COMMAND).unwrap();
    sound(&plan);
    insta::assert_snapshot!(sheet(&plan), @r"
    migrate Deployment shop/checkout  run 2.4.1  risk: medium
      runs ./migrate up
      with app's environment, mounts and service account, in shop/checkout:2.4.1
      none of the app's labels, probes or ports: no Service sends it traffic
    lasts: sticks
    ✓ permission: may create configmaps, jobs; get pods/log, jobs, deployments; list pods
    ✓ nobody else: no other operation is at work on it
    ! once: at most one Job checkout-migrate-985140bc7c64; Kubernetes may still start its pod twice: let the migration take a lock
    ! deadline: Kubernetes ends it after 60 min
    ✓ command: it holds nothing that looks like a secret
    1 create  Job shop/checkout-migrate-985140bc7c64: ./migrate up, once, no retry
    2 wait    until checkout-migrate-985140bc7c64 is complete or failed, following its log
    --- spec.template of Deployment shop/checkout
    +++ spec.template of Job shop/checkout-migrate-985140bc7c64
    @@ -1,13 +1,21 @@
     metadata:
    +  annotations:
    +    linkerd.io/inject: disabled
    +    pilothouse.io/image: shop/checkout:2.4.1
    +    pilothouse.io/operation: 20260301-120000-ab12
    +    pilothouse.io/workload: Deployment shop/checkout
       labels:
    -    app: checkout
    +    pilothouse.io/migration: 'true'
    +    sidecar.istio.io/inject: 'false'
     spec:
       containers:
       - name: app
    +    command:
    +    - ./migrate
    +    - up
         env:
         - name: DB_URL
           value: «…»
    -    image: shop/checkout:2.4.0
    -    readinessProbe:
    -      httpGet:
    -        path: /
    +    image: shop/checkout:2.4.1
    +    terminationMessagePolicy: FallbackToLogsOnError
    +  restartPolicy: Never
    ");
    let [create, wait] = &plan.steps[..] else { panic!("{:?}", plan.steps) };
    let Action::CreateJob { object, recipe } = &create.action else { panic!() };
    assert_eq!(object, &job::name(&checkout(), "shop/checkout:2.4.1"));
    assert_eq!((recipe.image.as_str(), recipe.uid.as_str()), ("shop/checkout:2.4.1", "u1"));
    assert_eq!(wait.action, Action::WaitJob { object: object.clone() });
    assert!(plan.can_run());
}

#[test]
fn without_a_tag_the_image_is_taken_as_it_is_written() {
    let mut facts = facts(None);
    facts.container.image = "shop/checkout:2.4.0@sha256:abc".into();
    let plan = migrate(facts, None, &COMMAND).unwrap();
    let Action::CreateJob { recipe, .. } = &plan.steps[0].action else { panic!() };
    assert_eq!(recipe.image, "shop/checkout:2.4.0@sha256:abc");
}

#[test]
fn one_that_ended_is_never_run_again() {
    for present in [true, false] {
        let error = migrate(facts(prior(JobState::Complete, present)), None, &COMMAND).unwrap_err();
        assert!(matches!(error, PlanError::NothingToDo(_)) && error.to_string().contains("checkout-migrate-x"));
        let failed = JobState::Failed("DeadlineExceeded".into());
        let error = migrate(facts(prior(failed, present)), None, &COMMAND).unwrap_err();
        assert!(
            matches!(error, PlanError::Refused { .. }) && error.to_string().contains("DeadlineExceeded"),
            "{error}"
        );
    }
    let error = migrate(facts(prior(JobState::Running, false)), None, &COMMAND).unwrap_err();
    assert!(matches!(error, PlanError::Refused { .. }), "started, and nobody knows how it ended: {error}");
}

#[rstest]
#[case(JobState::Running, &[])]
#[case(JobState::Suspended, &["checkout-migrate-x is suspended: nothing happens until it is resumed"])]
fn one_under_way_is_followed(#[case] state: JobState, #[case] warning: &[&str]) {
    let plan = migrate(facts(prior(state, true)), None, &[]).unwrap();
    assert!(matches!(plan.steps[..], [crate::model::Step { action: Action::WaitJob { .. }, .. }]));
    assert!(plan.can_run() && plan.needs.iter().all(|access| access.verb != "create"));
    if !warning.is_empty() {
        assert_eq!(details(&plan, "once"), warning);
    }
}

#[test]
fn it_needs_a_command_and_a_tag_that_is_one() {
    assert!(matches!(migrate(facts(None), None, &[]), Err(PlanError::Invalid { .. })));
    assert!(matches!(migrate(facts(None), Some("a b"), &COMMAND), Err(PlanError::Invalid { .. })));
    let mut other = facts(None);
    other.container.name = "web".into();
    assert!(matches!(migrate(other, None, &COMMAND), Err(PlanError::Format(_))));
}

#[rstest]
#[case(&["./migrate", "--password=hunter2"], false)]
#[case(&["./migrate", "--token", "hunter2"], false)]
#[case(&["./migrate", "--password=$(DB_PASSWORD)"], true)]
#[case(&["./migrate", "up"], true)]
fn a_secret_in_the_command_stops_it(#[case] command: &[&str], #[case] runs: bool) {
    let plan = migrate(facts(None), None, command).unwrap();
    assert_eq!(plan.can_run(), runs);
    assert_eq!(verdicts(&plan).contains(&"command: holds".into()), runs);
    assert!(!sheet(&plan).contains("hunter2"));
}

#[test]
fn what_is_left_out_of_the_template_is_said() {
    let mut facts = facts(None);
    let pod = &mut facts.common.object["spec"]["template"]["spec"];
    pod["containers"][0]["volumeMounts"] = json!([{"name": "work"}, {"name": "data"}, {"name": "files"}]);
    pod["containers"].as_array_mut().unwrap().push(json!({"name": "proxy"}));
    pod["initContainers"] = json!([{"name": "fill", "volumeMounts": [{"name": "work"}]}]);
    pod["volumes"] =
        json!([{"name": "work", "emptyDir": {}}, {"name": "files", "persistentVolumeClaim": {"claimName": "pvc"}}]);
    let plan = migrate(facts, None, &COMMAND).unwrap();
    sound(&plan);
    assert!(details(&plan, "init containers")[0].starts_with("fill"));
    assert!(details(&plan, "containers")[0].starts_with("proxy"));
    assert!(details(&plan, "volumes")[0].starts_with("data") && details(&plan, "volumes")[1].starts_with("pvc"));
    assert!(plan.can_run());
    let plain = migrate(self::facts(None), None, &COMMAND).unwrap();
    assert!(["init containers", "containers", "volumes"].iter().all(|what| details(&plain, what).is_empty()));
}

#[test]
fn a_record_that_cannot_be_kept_is_a_warning() {
    let mut facts = facts(None);
    facts.common.permissions.iter_mut().for_each(|p| p.allowed = Some(p.access.kind != crate::model::Kind::ConfigMap));
    let plan = migrate(facts, None, &COMMAND).unwrap();
    assert!(plan.can_run() && verdicts(&plan).contains(&"permission: warns".into()));
}
