//! What Helm keeps of a release in a Secret: base64 (the Secret's own) of base64 of gzip of JSON.
//!
//! It is decoded as a stream and only its metadata are kept: values and charts pass by and are never held. Of the manifest, the pod
//! templates of workloads are kept where a revision is judged by them, and nothing else.

use crate::{model::Kind, wire};
use base64::{engine::general_purpose::STANDARD, read::DecoderReader};
use flate2::read::GzDecoder;
use serde::{Deserialize as _, de::DeserializeOwned};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _};

/// What one release may unpack to, in bytes. A Secret holds at most 1 MiB; nothing honest in it is a hundred times as large.
const MOST: u64 = 100 << 20;

/// The release in `data.release` of a Secret, or why it cannot be read.
pub fn release(data: &str) -> Result<wire::Release, String> {
    unpacked(data)
}

/// A workload as a revision's manifest writes it: kind, namespace where it names one, name, pod template.
pub type Written = (Kind, Option<String>, String, Value);

/// The workloads in the manifest of the release in `data.release`. What cannot be read is left out.
pub fn workloads(data: &str) -> Vec<Written> {
    let manifest: wire::ReleaseManifest = unpacked(data).unwrap_or_default();
    let documents = serde_yaml::Deserializer::from_str(&manifest.manifest);
    documents.map_while(|document| Value::deserialize(document).ok()).filter_map(written).collect()
}

fn written(mut document: Value) -> Option<Written> {
    let kind = Kind::from_name(document["kind"].as_str()?).filter(|kind| kind.is_workload())?;
    let text = |field: &str| document["metadata"][field].as_str().map(str::to_owned);
    Some((kind, text("namespace"), text("name")?, document["spec"]["template"].take()))
}

fn unpacked<T: DeserializeOwned>(data: &str) -> Result<T, String> {
    let inner = DecoderReader::new(data.as_bytes(), &STANDARD);
    let mut packed = BufReader::new(DecoderReader::new(inner, &STANDARD));
    let start = packed.fill_buf().map_err(|error| format!("it is not base64 twice over: {error}"))?;
    // The first versions of Helm 3 did not compress.
    let zipped = start.starts_with(&[0x1f, 0x8b]);
    let read = if zipped {
        serde_json::from_reader(BufReader::new(GzDecoder::new(packed).take(MOST)))
    } else {
        serde_json::from_reader(packed.take(MOST))
    };
    read.map_err(|error| format!("it is not a release as Helm 3 writes it: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use flate2::{Compression, write::GzEncoder};
    use serde_json::{Value, json};
    use std::io::Write as _;

    fn told() -> Value {
        json!({
            "name": "shop", "namespace": "prod", "version": 7,
            "info": {"first_deployed": "2026-01-01T10:00:00.123456789+01:00", "last_deployed": "2026-03-01T10:00:00.5+01:00",
                "deleted": "", "description": "Upgrade complete", "status": "deployed", "notes": "thank you"},
            "chart": {"metadata": {"name": "shop", "version": "4.11.3", "appVersion": "1.11.3", "apiVersion": "v2"},
                "templates": [{"name": "templates/web.yaml", "data": "e30="}], "values": {"password": "hunter2"}, "lock": null},
            "config": {"password": "hunter2"}, "manifest": "---\nkind: Secret\n", "hooks": []
        })
    }

    fn packed(release: &Value, zip: bool) -> String {
        let text = release.to_string();
        let bytes = if zip {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.finish().unwrap()
        } else {
            text.into_bytes()
        };
        STANDARD.encode(STANDARD.encode(bytes))
    }

    #[test]
    fn a_release_is_read_with_and_without_gzip_and_nothing_secret_is_kept() {
        for zip in [true, false] {
            let release = release(&packed(&told(), zip)).unwrap();
            assert_eq!((&*release.name, release.version, &*release.info.status), ("shop", 7, "deployed"));
            let chart = &release.chart.metadata;
            assert_eq!((&*chart.name, &*chart.version, &*chart.app_version), ("shop", "4.11.3", "1.11.3"));
            assert_eq!(release.info.last_deployed, "2026-03-01T09:00:00.5Z".parse().ok());
            assert!(!format!("{release:?}").contains("hunter2"));
        }
    }

    #[test]
    fn workloads_are_found_in_a_manifest() {
        let mut release = told();
        release["manifest"] = json!(concat!(
            "---\n# Source: a\nkind: Secret\nmetadata: {name: s}\n---\nkind: Deployment\nmetadata: {name: web}\n",
            "spec:\n  template: {spec: {containers: [{name: web, image: web:1}]}}\n"
        ));
        let found = workloads(&packed(&release, true));
        let [(Kind::Deployment, None, name, template)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((name.as_str(), &template["spec"]["containers"][0]["image"]), ("web", &json!("web:1")));
        assert!(workloads("%%").is_empty());
    }

    #[test]
    fn nonsense_is_refused_with_its_reason() {
        for (data, why) in [
            ("", "not a release"),
            ("%%%%", "not base64"),
            (&*STANDARD.encode("%%%%"), "not base64"),
            (&*packed(&json!("text"), true), "not a release"),
            (&*STANDARD.encode(STANDARD.encode([0x1f, 0x8b, 8, 0])), "not a release"),
        ] {
            let error = release(data).unwrap_err();
            assert!(error.contains(why), "{data}: {error}");
        }
    }
}
