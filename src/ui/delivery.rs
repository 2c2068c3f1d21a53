//! How far an Argo Rollout has come: a few characters in a table, a sentence where there is room.

use super::pen::Pen;
use crate::{config::Meaning, model::Delivery, time::age};
use jiff::Timestamp;

/// Writes the weight and the step behind an image: `25 % 2/6`. The step is what can be missed where there is little room.
pub fn write(pen: &mut Pen<'_>, delivery: &Delivery) {
    if delivery.aborted {
        pen.write(" aborted", Meaning::Degraded);
        return;
    }
    if let Some(weight) = delivery.weight {
        pen.write(&format!(" {weight} %"), Meaning::Progressing);
    }
    if let Some((at, of)) = delivery.step {
        pen.write(&format!(" {at}/{of}"), Meaning::Progressing);
    }
    if delivery.blue_green && delivery.under_way {
        pen.write(" preview", Meaning::Progressing);
    }
}

/// The same in words; None while nothing is under way and nothing is peculiar.
pub fn words(delivery: &Delivery, now: Timestamp) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    if delivery.aborted {
        parts.push("aborted: none of it goes to the new template".into());
    } else {
        parts.extend(delivery.step.map(|(at, of)| format!("step {at} of {of}")));
        parts.extend(delivery.weight.map(|weight| format!("{weight} % to the new template")));
    }
    parts.extend(delivery.resumes.map(|at| match at > now {
        true => format!("goes on in {}", age(now, at)),
        false => format!("should have gone on {} ago", age(at, now)),
    }));
    if delivery.blue_green {
        parts.push("blue-green".into());
    }
    parts.extend(delivery.template_of.as_ref().map(|keeper| format!("template of {}", keeper.type_name())));
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, ObjectRef};

    #[test]
    fn a_pause_says_when_it_ends_and_whose_template_is_used() {
        let now: Timestamp = "2026-01-05T08:00:00Z".parse().unwrap();
        let delivery = Delivery {
            step: Some((2, 6)),
            weight: Some(25),
            resumes: "2026-01-05T08:04:00Z".parse().ok(),
            template_of: Some(ObjectRef::new(Kind::Deployment, "shop", "web")),
            ..Delivery::default()
        };
        let expected = "step 2 of 6, 25 % to the new template, goes on in 4m, template of deploy/web";
        assert_eq!(words(&delivery, now).as_deref(), Some(expected));
        let late = words(&delivery, "2026-01-05T08:05:00Z".parse().unwrap()).unwrap();
        assert!(late.contains("should have gone on 60s ago") || late.contains("should have gone on 1m ago"), "{late}");
        assert_eq!(words(&Delivery::default(), now), None);
    }
}
