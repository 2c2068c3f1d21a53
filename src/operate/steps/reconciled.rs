//! Waits until a reconciler has put an image into a workload's template. It only watches: nothing is annotated or hurried.

use super::Ended;
use crate::{
    formats::{owner, template},
    model::{Kind, ObjectRef, OwnerKind},
    operate::{run::Run, stop::Stop},
};
use serde_json::{Value, json};
use std::time::Duration;

/// How often the template is looked at.
const LOOK: Duration = Duration::from_secs(3);

pub(super) async fn run(
    run: &mut Run,
    index: usize,
    object: &ObjectRef,
    container: &str,
    image: &str,
) -> Result<Ended, Stop> {
    let mut said = String::new();
    loop {
        let Some(found) = run.find(index, object).await? else {
            return Err(Stop::Failed(format!("{object} does not exist any more")));
        };
        let now = image_of(&found, container);
        if now == Some(image) {
            let result = json!({"generation": found["metadata"]["generation"]});
            return Ok(Ended::Done { detail: format!("{object} has {image}"), result });
        }
        let word = match owner::owner(&found) {
            Some(owner) if owner.kind == OwnerKind::Kustomization => {
                let kustomization = ObjectRef::new(Kind::Kustomization, owner.namespace.clone(), owner.name.clone());
                match run.find(index, &kustomization).await {
                    Ok(Some(kustomization)) => trouble(&kustomization),
                    Ok(None) => Some(format!(
                        "Kustomization {}, which the workload's labels name, is not in this cluster: its errors do not show here",
                        kustomization.path()
                    )),
                    // What applies it may be anywhere; the image is what counts.
                    Err(Stop::Failed(why) | Stop::Forbidden(why)) => Some(format!(
                        "Kustomization {} cannot be read ({why}): its errors do not show here",
                        kustomization.path()
                    )),
                    Err(stop) => return Err(stop),
                }
            }
            _ => None,
        };
        let so_far = format!("waiting for {image}; the template has {}", now.unwrap_or("no such container"));
        let word = word.map_or_else(|| so_far.clone(), |word| format!("{so_far}; {word}"));
        if word != said {
            run.note(index, word.clone()).await;
            said = word;
        }
        run.wait(LOOK).await?;
    }
}

fn image_of<'a>(object: &'a Value, container: &str) -> Option<&'a str> {
    let spec = &template::of(object)["spec"];
    let lists = [&spec["containers"], &spec["initContainers"]];
    let mut all = lists.into_iter().filter_map(Value::as_array).flatten();
    all.find(|c| c["name"] == container)?["image"].as_str()
}

/// What a Kustomization says is wrong, or that it is suspended.
pub(super) fn trouble(kustomization: &Value) -> Option<String> {
    let name = kustomization["metadata"]["name"].as_str().unwrap_or_default();
    if kustomization["spec"]["suspend"] == true {
        return Some(format!("Kustomization {name} is suspended, so nothing is applied until it is resumed"));
    }
    let conditions = kustomization["status"]["conditions"].as_array()?;
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready")?;
    let text = |field: &str| ready[field].as_str().unwrap_or_default();
    (text("status") == "False").then(|| format!("Kustomization {name} says {}: {}", text("reason"), text("message")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kustomization_tells_its_trouble() {
        let with = |status: &str, suspend: bool| {
            json!({"metadata": {"name": "shop"}, "spec": {"suspend": suspend}, "status": {"conditions": [
                {"type": "Ready", "status": status, "reason": "BuildFailed", "message": "no such file"}]}})
        };
        assert_eq!(trouble(&with("True", false)), None);
        assert_eq!(trouble(&with("Unknown", false)), None);
        assert_eq!(trouble(&with("False", false)).unwrap(), "Kustomization shop says BuildFailed: no such file");
        assert!(trouble(&with("True", true)).unwrap().contains("suspended"));
        assert_eq!(trouble(&json!({})), None);
    }
}
