//! The journal's promises, each broken on purpose.

use super::*;
use crate::model::{Action, Outcome};
use crate::operate::fixtures::{at, shift};
use serde_json::Value;
use std::io::Write as _;

fn journals() -> (tempfile::TempDir, Journals) {
    let folder = tempfile::tempdir().unwrap();
    let journals = Journals::at(folder.path().join("operations"));
    (folder, journals)
}

fn text(journals: &Journals, id: &OperationId) -> Vec<u8> {
    fs::read(journals.path(id, "jsonl").unwrap()).unwrap()
}

#[test]
fn what_was_appended_is_read_back() {
    let (_folder, journals) = journals();
    let plan = shift("op-1");
    let (mut journal, _) = journals.create(&plan, at(0)).unwrap();
    for record in [
        Record::Confirmed { actor: "ana@bridge".into() },
        Record::Started { step: 0 },
        Record::Done { step: 0, detail: "3 ready".into(), result: Value::Null },
        Record::Started { step: 1 },
        Record::Intent { step: 1, before: serde_json::json!({"resourceVersion": "7"}) },
        Record::Wrote { step: 1, result: Value::Null },
    ] {
        journal.append(record, at(1)).unwrap();
    }
    assert!(matches!(journals.open(&plan.operation), Err(JournalError::Held { .. })));
    assert_eq!(journals.list().operations[0].state, crate::model::OperationState::Running);
    drop(journal);
    let (_journal, history) = journals.open(&plan.operation).unwrap();
    assert_eq!(history.plan, plan);
    assert_eq!(history.cursor(), Some(1));
    assert_eq!(history.last_increment(), Some(1));
    assert_eq!(history.holder, "ana@bridge");
}

#[test]
fn a_torn_last_line_is_dropped_wherever_it_was_torn() {
    let (_folder, journals) = journals();
    let plan = shift("op-1");
    let (mut journal, _) = journals.create(&plan, at(0)).unwrap();
    journal.append(Record::Confirmed { actor: "ana@bridge".into() }, at(1)).unwrap();
    let before = text(&journals, &plan.operation).len();
    journal.append(Record::Started { step: 0 }, at(2)).unwrap();
    drop(journal);
    let whole = text(&journals, &plan.operation);
    let path = journals.path(&plan.operation, "jsonl").unwrap();
    for end in before..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let (mut journal, history) = journals.open(&plan.operation).unwrap();
        assert_eq!(history.steps[0].state, crate::model::StepState::Pending, "torn at byte {end}");
        journal.append(Record::Started { step: 0 }, at(2)).unwrap();
        assert_eq!(text(&journals, &plan.operation), whole, "the same line fits again after byte {end}");
    }
    fs::write(&path, [&whole[..before], b"\0\0\0\0".as_slice()].concat()).unwrap();
    assert!(journals.open(&plan.operation).is_ok(), "zeros that a crash left behind are a torn line too");
    fs::write(&path, &whole[..before - 80]).unwrap();
    assert!(journals.read(&plan.operation).unwrap().confirmed.is_none());
    fs::write(&path, &whole[..40]).unwrap();
    assert!(matches!(journals.open(&plan.operation), Err(JournalError::Empty { .. })));
    assert!(journals.list().operations.is_empty() && journals.list().unreadable.is_empty());
}

#[test]
fn a_changed_lost_or_exchanged_line_is_an_error_with_its_place() {
    let (_folder, journals) = journals();
    let plan = shift("op-1");
    let (mut journal, _) = journals.create(&plan, at(0)).unwrap();
    for record in [Record::Confirmed { actor: "a@b".into() }, Record::Started { step: 0 }, Record::Continued] {
        journal.append(record, at(1)).unwrap();
    }
    drop(journal);
    let whole = String::from_utf8(text(&journals, &plan.operation)).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let path = journals.path(&plan.operation, "jsonl").unwrap();
    let changed = whole.replace("\"a@b\"", "\"c@d\"");
    let lost = [lines[0], lines[2], lines[3]].join("\n") + "\n";
    let exchanged = [lines[0], lines[2], lines[1], lines[3]].join("\n") + "\n";
    for (what, text) in [("changed", changed), ("lost", lost), ("exchanged", exchanged)] {
        fs::write(&path, text).unwrap();
        let error = journals.open(&plan.operation).unwrap_err();
        assert!(matches!(error, JournalError::Damaged { line: 2, .. }), "{what}: {error}");
        assert!(error.to_string().contains("op-1.jsonl:2: "), "{error}");
        assert_eq!(journals.list().unreadable.len(), 1);
    }
}

#[test]
fn a_full_disk_leaves_the_journal_as_it_was() {
    let (_folder, journals) = journals();
    let plan = shift("op-1");
    let (mut journal, _) = journals.create(&plan, at(0)).unwrap();
    let before = text(&journals, &plan.operation);
    journal.room = Some(30);
    let error = journal.append(Record::Started { step: 0 }, at(1)).unwrap_err();
    assert!(matches!(error, JournalError::Io { action: "write to", .. }), "{error}");
    assert_eq!(text(&journals, &plan.operation), before);
    journal.room = None;
    journal.append(Record::Started { step: 0 }, at(1)).unwrap();
    drop(journal);
    assert_eq!(journals.open(&plan.operation).unwrap().1.steps[0].state, crate::model::StepState::Started);
}

#[cfg(unix)]
#[test]
fn only_its_user_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, journals) = journals();
    let plan = shift("op-1");
    let _journal = journals.create(&plan, at(0)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&journals.folder), 0o700);
    assert_eq!(mode(&journals.path(&plan.operation, "jsonl").unwrap()), 0o600);
}

#[test]
fn foreign_files_and_names_do_no_harm() {
    let (_folder, journals) = journals();
    assert!(journals.list().operations.is_empty(), "a folder that does not exist holds nothing");
    let plan = shift("op-1");
    let _journal = journals.create(&plan, at(0)).unwrap();
    for (name, content) in
        [("notes.txt", "x"), ("empty.jsonl", ""), ("other.jsonl", "{}\n{}\n"), (".hidden.jsonl", "x")]
    {
        fs::File::create(journals.folder.join(name)).unwrap().write_all(content.as_bytes()).unwrap();
    }
    fs::create_dir(journals.folder.join("folder.jsonl")).unwrap();
    let listing = journals.list();
    assert_eq!(listing.operations.len(), 1);
    assert_eq!(listing.unreadable.len(), 1, "{:?}", listing.unreadable);
    for name in ["../op-1", "", ".", "a/b", ".hidden"] {
        assert!(matches!(journals.open(&OperationId(name.into())), Err(JournalError::Unknown { .. })), "{name}");
    }
    assert!(matches!(journals.create(&plan, at(0)), Err(JournalError::Io { action: "create", .. })));
    assert_eq!(journals.find("op").unwrap(), plan.operation);
    assert!(matches!(journals.find("x"), Err(JournalError::Unknown { .. })));
}

#[test]
fn states_follow_the_records() {
    use crate::model::OperationState::{Done, Failed, Interrupted, Paused, Running, SteppedBack};
    let plan = shift("op-1");
    let first = Record::Planned { plan: Box::new(plan) };
    let end = |outcome| Record::Result { outcome, message: "so".into() };
    let pause = || Record::Paused { why: "asked".into() };
    for (records, live, dead) in [
        (vec![], Running, Interrupted),
        (vec![pause()], Paused, Paused),
        (vec![pause(), Record::Continued], Running, Interrupted),
        (vec![pause(), end(Outcome::Interrupted)], Paused, Paused),
        (vec![end(Outcome::Interrupted)], Interrupted, Interrupted),
        (vec![end(Outcome::Interrupted), Record::Resumed { actor: "a@b".into() }], Running, Interrupted),
        (vec![end(Outcome::Done)], Done, Done),
        (vec![end(Outcome::Conflict)], Failed, Failed),
        (vec![end(Outcome::SteppedBack)], SteppedBack, SteppedBack),
    ] {
        let all = std::iter::once(first.clone()).chain(records.clone());
        let entries: Vec<Entry> = all.enumerate().map(|(n, record)| Entry::new(n as u64, at(0), record)).collect();
        let history = History::replay(&entries).unwrap();
        assert_eq!((history.state(true), history.state(false)), (live, dead), "{records:?}");
    }
}

#[test]
fn a_step_back_forgets_the_increment_and_what_followed() {
    let plan = shift("op-1");
    let increments: Vec<usize> =
        (0..plan.steps.len()).filter(|&i| matches!(plan.steps[i].action, Action::SetWeights { .. })).collect();
    let mut records = vec![Record::Planned { plan: Box::new(plan) }];
    for &step in &increments[..2] {
        records.push(Record::Wrote { step, result: Value::Null });
        records.push(Record::Done { step, detail: String::new(), result: Value::Null });
    }
    records.push(Record::SteppingBack { step: increments[1] });
    let replay = |records: &[Record]| {
        let entries: Vec<Entry> =
            records.iter().enumerate().map(|(n, r)| Entry::new(n as u64, at(0), r.clone())).collect();
        History::replay(&entries).unwrap()
    };
    assert_eq!(replay(&records).back, Some(GoingBack::Step(increments[1])));
    records.push(Record::SteppedBack { step: increments[1] });
    let history = replay(&records);
    assert_eq!((history.back, history.last_increment()), (None, Some(increments[0])));
}

#[test]
fn proven_templates_come_with_the_last_time() {
    let (_folder, journals) = journals();
    for (id, time) in [("op-1", 10), ("op-2", 20)] {
        let plan = crate::operate::fixtures::rollback(id);
        let (mut journal, _) = journals.create(&plan, at(0)).unwrap();
        let result = serde_json::json!({"template": "abc"});
        journal.append(Record::Done { step: 1, detail: String::new(), result }, at(time)).unwrap();
    }
    assert_eq!(journals.proven(), HashMap::from([("abc".to_owned(), at(20))]));
}

#[test]
fn controls_reach_only_a_live_process() {
    let (_folder, journals) = journals();
    let plan = shift("op-1");
    let id = plan.operation.clone();
    assert!(matches!(journals.control(&id, Control::Pause), Err(JournalError::Unknown { .. })));
    let (journal, _) = journals.create(&plan, at(0)).unwrap();
    journals.control(&id, Control::StepBack).unwrap();
    assert_eq!(journals.take_control(&id), Some(Control::StepBack));
    assert_eq!(journals.take_control(&id), None, "a control is taken once");
    drop(journal);
    assert!(matches!(journals.control(&id, Control::Pause), Err(JournalError::NotHeld { .. })));
}
