//! Jobs and CronJobs.

use super::*;

fn job(image: &str) -> Value {
    json!({
        "metadata": {"name": "migrate", "namespace": "shop"},
        "spec": {"backoffLimit": 0, "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "migrate", "image": image}]}}},
    })
}

#[tokio::test(start_paused = true)]
async fn a_job_succeeds() {
    let course = Course::start();
    course.create(&resources::JOBS, job("shop/web:1.0.0"));
    pass(6).await;
    let job = course.get(&resources::JOBS, "migrate");
    assert_eq!(count(&job, "/status/succeeded"), 1, "{job:#}");
    assert!(is_true(&job["status"], "Complete") && is_true(&job["status"], "SuccessCriteriaMet"));
    assert!(!text(&job, "/status/completionTime").is_empty());
    let pod = &course.pods()[0];
    assert_eq!(label(pod, "batch.kubernetes.io/job-name"), Some("migrate"));
    assert_eq!(text(pod, "/status/phase"), "Succeeded");
    assert!(course.told("migrate").contains(&"Completed".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_broken_job_fails_after_its_retries() {
    let course = Course::start();
    let mut broken = job("shop/web:1.0.0-broken");
    broken["spec"]["backoffLimit"] = 2.into();
    course.create(&resources::JOBS, broken);
    pass(20).await;
    assert!(!is_true(&course.get(&resources::JOBS, "migrate")["status"], "Failed"));
    pass(60).await;
    let job = course.get(&resources::JOBS, "migrate");
    assert!(is_true(&job["status"], "Failed") && is_true(&job["status"], "FailureTarget"), "{job:#}");
    assert_eq!(reason(&job, "Failed"), "BackoffLimitExceeded");
    assert_eq!((count(&job, "/status/failed"), course.pods().len()), (3, 3));
    let lines = course.store.logs("shop", name(&course.pods()[0]), "migrate", false);
    assert!(lines.iter().any(|l| l.text.starts_with("fatal:")));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_a_job_that_cannot_start() {
    let course = Course::start();
    let mut late = job("shop/web:1-missing");
    late["spec"]["activeDeadlineSeconds"] = 30.into();
    course.create(&resources::JOBS, late);
    pass(25).await;
    assert_eq!(count(&course.get(&resources::JOBS, "migrate"), "/status/active"), 1);
    pass(10).await;
    let job = course.get(&resources::JOBS, "migrate");
    assert_eq!(reason(&job, "Failed"), "DeadlineExceeded", "{job:#}");
    assert!(course.pods().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_suspended_job_waits_for_its_release_and_a_ttl_removes_it() {
    let course = Course::start();
    let mut waiting = job("shop/web:1");
    waiting["spec"]["suspend"] = true.into();
    waiting["spec"]["ttlSecondsAfterFinished"] = 60.into();
    course.create(&resources::JOBS, waiting);
    pass(30).await;
    let job = course.get(&resources::JOBS, "migrate");
    assert!(is_true(&job["status"], "Suspended") && course.pods().is_empty());
    course.edit(&resources::JOBS, "migrate", |j| j["spec"]["suspend"] = false.into());
    pass(10).await;
    let job = course.get(&resources::JOBS, "migrate");
    assert!(is_true(&job["status"], "Complete"));
    assert_eq!(condition(&job["status"], "Suspended").unwrap()["status"], "False");
    pass(70).await;
    assert!(course.store.get(&resources::JOBS, "shop", "migrate").is_none());
    assert!(course.pods().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_indexed_job_completes_each_index() {
    let course = Course::start();
    let mut many = job("shop/web:1");
    many["spec"]["completionMode"] = "Indexed".into();
    many["spec"]["completions"] = 5.into();
    many["spec"]["parallelism"] = 2.into();
    course.create(&resources::JOBS, many);
    pass(30).await;
    let job = course.get(&resources::JOBS, "migrate");
    assert_eq!((count(&job, "/status/succeeded"), text(&job, "/status/completedIndexes")), (5, "0-4"));
}

#[tokio::test(start_paused = true)]
async fn a_cron_job_runs_on_the_minute_and_keeps_three() {
    let course = Course::start();
    let cron = json!({
        "metadata": {"name": "report", "namespace": "shop"},
        "spec": {"schedule": "*/10 * * * *", "jobTemplate": {"spec": job("shop/report:1")["spec"]}},
    });
    course.create(&resources::CRON_JOBS, cron);
    pass(3600 + 30).await;
    let jobs = course.list(&resources::JOBS);
    assert_eq!(jobs.len(), 3);
    assert!(jobs.iter().all(|j| is_true(&j["status"], "Complete") && name(j).starts_with("report-29")));
    let cron = course.get(&resources::CRON_JOBS, "report");
    assert_eq!(text(&cron, "/status/lastScheduleTime"), "2026-01-01T01:00:00Z");
    assert!(!text(&cron, "/status/lastSuccessfulTime").is_empty() && items(&cron, "/status/active").is_empty());
}
