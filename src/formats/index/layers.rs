//! Values laid on each other as helm does: a chart's own, those of its dependencies, files, and what an object says itself.

use std::collections::BTreeMap;

use crate::formats::images::{Found, Written};
use crate::model::image::ImageReference;

/// One layer: references with their file and number, and the keys below which the layer's values lie.
pub(super) struct Layer<'i> {
    /// Keys that lead to these values in the whole: those of a dependency.
    pub prefix: Vec<String>,
    /// The references.
    pub pieces: Vec<(&'i str, usize, &'i Found)>,
}

/// An image as all layers together make it.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// The image; its repository is empty where no layer has it.
    pub image: ImageReference,
    /// What sets the version, or would: a reference of the index by file and number.
    pub source: (String, usize),
    /// The keys of the scalar that sets the version, from the top of the values; empty where it has none yet.
    pub leaf: Vec<String>,
    /// Whether that scalar holds the repository as well.
    pub whole: bool,
    /// Whether a layer below the version's has a digest that would win over it.
    pub shadowed: bool,
}

/// Lays the layers on each other, the lowest first.
pub(super) fn laid(layers: &[Layer<'_>]) -> BTreeMap<Vec<String>, Slot> {
    let mut slots: BTreeMap<Vec<String>, Slot> = BTreeMap::new();
    for layer in layers {
        for (file, number, found) in &layer.pieces {
            let key: Vec<String> = layer.prefix.iter().chain(&found.slot).cloned().collect();
            match slots.get_mut(&key) {
                Some(slot) => slot.lay(layer, file, *number, found),
                None => {
                    slots.insert(key, Slot::new(layer, file, *number, found));
                }
            }
        }
    }
    fill(&mut slots);
    slots
}

impl Slot {
    fn new(layer: &Layer<'_>, file: &str, number: usize, found: &Found) -> Self {
        let (leaf, whole) = leaf(layer, found);
        Self { image: found.image.clone(), source: (file.to_owned(), number), leaf, whole, shadowed: false }
    }

    fn lay(&mut self, layer: &Layer<'_>, file: &str, number: usize, found: &Found) {
        let below =
            std::mem::replace(&mut self.image, ImageReference { repository: String::new(), tag: None, digest: None });
        let had_digest = below.digest.is_some();
        self.image = over(&below, found);
        if sets_version(found) {
            let (leaf, whole) = leaf(layer, found);
            self.source = (file.to_owned(), number);
            self.leaf = leaf;
            self.whole = whole;
            self.shadowed = had_digest && self.image.digest.is_some() && !says_digest(found);
        }
    }
}

/// The image after a layer says what it has of it.
pub(super) fn over(below: &ImageReference, above: &Found) -> ImageReference {
    let Written::Keys(keys) = &above.written else { return above.image.clone() };
    let repository = if above.image.repository.is_empty() || keys.is_registry_only() {
        below.repository.clone()
    } else {
        above.image.repository.clone()
    };
    ImageReference {
        repository,
        tag: if keys.tag.is_some() || above.image.tag.is_some() { above.image.tag.clone() } else { below.tag.clone() },
        digest: if says_digest(above) { above.image.digest.clone() } else { below.digest.clone() },
    }
}

fn sets_version(found: &Found) -> bool {
    match &found.written {
        Written::Entry | Written::Scalar(_) => true,
        Written::Keys(keys) => keys.tag.is_some() || keys.digest.is_some() || found.image.tag.is_some(),
    }
}

fn says_digest(found: &Found) -> bool {
    match &found.written {
        Written::Entry | Written::Scalar(_) => true,
        Written::Keys(keys) => keys.digest.is_some() || found.image.digest.is_some(),
    }
}

/// The keys that lead to the scalar of the version, within all values.
fn leaf(layer: &Layer<'_>, found: &Found) -> (Vec<String>, bool) {
    let (scalar, whole) = match &found.written {
        Written::Entry => return (Vec::new(), false),
        Written::Scalar(scalar) => (scalar, true),
        Written::Keys(keys) => match &keys.tag {
            Some(tag) => (tag, false),
            None => return (Vec::new(), false),
        },
    };
    // What leads to the values themselves is no key of theirs.
    let depth = found.slot.len();
    let steps = scalar.steps();
    let own = (0..steps.len()).find(|from| {
        let rest = &steps[*from..];
        let shared = rest.iter().zip(&found.slot).take_while(|(step, key)| step == key).count();
        shared + 1 >= depth.min(rest.len()) && rest.len() <= depth + 1
    });
    let own = own.map(|from| &steps[from..]).unwrap_or_default();
    (layer.prefix.iter().chain(own).cloned().collect(), whole)
}

/// Gives an image without a tag the one that stands for all: `global.image.tag`, `global.tag`, `imageTag`, `tag`.
fn fill(slots: &mut BTreeMap<Vec<String>, Slot>) {
    let shared = [&["global", "image"][..], &["global"], &["image"], &[]];
    let key = shared.iter().map(|key| key.iter().map(|step| (*step).to_owned()).collect::<Vec<_>>()).find(|key| {
        let is_flat = |slot: &Slot| key.len() != 1 || key[0] != "image" || slot.leaf.len() == 1;
        let is_common = |slot: &Slot| slot.image.repository.is_empty() && slot.image.tag.is_some() && is_flat(slot);
        slots.get(key).is_some_and(is_common)
    });
    let Some((key, common)) = key.and_then(|key| slots.get(&key).cloned().map(|slot| (key, slot))) else {
        return;
    };
    let mut is_spent = false;
    for slot in slots.values_mut() {
        if !slot.image.repository.is_empty() && slot.image.tag.is_none() && slot.image.digest.is_none() {
            slot.image.tag = common.image.tag.clone();
            slot.source = common.source.clone();
            slot.leaf = common.leaf.clone();
            slot.whole = false;
            is_spent = true;
        }
    }
    if is_spent {
        slots.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::images::find;
    use crate::formats::yaml::Tree;

    fn told(files: &[&str]) -> Vec<String> {
        let read: Vec<Vec<Found>> =
            files.iter().map(|text| find("values.yaml", &Tree::parse(text.as_bytes()).unwrap())).collect();
        let names: Vec<String> = (0..files.len()).map(|n| n.to_string()).collect();
        let layers: Vec<Layer<'_>> = read
            .iter()
            .zip(&names)
            .map(|(found, name)| Layer {
                prefix: Vec::new(),
                pieces: found.iter().enumerate().map(|(n, found)| (name.as_str(), n, found)).collect(),
            })
            .collect();
        let slots = laid(&layers);
        slots
            .iter()
            .map(|(key, slot)| {
                format!("{} {} from {} at {}", key.join("."), slot.image, slot.source.0, slot.leaf.join("."))
            })
            .collect()
    }

    #[test]
    fn what_a_later_layer_says_wins_and_the_rest_stays() {
        let base = "image:\n  repository: r/a\n  tag: v1\nweb:\n  image: r/b:v1\n";
        assert_eq!(told(&[base]), ["image r/a:v1 from 0 at image.tag", "web.image r/b:v1 from 0 at web.image"]);
        assert_eq!(told(&[base, "image: {tag: v2}\n"])[0], "image r/a:v2 from 1 at image.tag");
        assert_eq!(told(&[base, "image: {repository: m/a}\n"])[0], "image m/a:v1 from 0 at image.tag");
        assert_eq!(told(&[base, "web: {image: 'r/b:v3'}\n"])[1], "web.image r/b:v3 from 1 at web.image");
        assert_eq!(told(&[base, "image: {tag: ''}\n"])[0], "image r/a from 1 at image.tag");
    }

    #[test]
    fn one_tag_for_all() {
        let files =
            ["global:\n  image:\n    tag: v1\nweb:\n  image: {repository: r/a}\n", "global:\n  image:\n    tag: v2\n"];
        assert_eq!(told(&files)[0], "web.image r/a:v2 from 1 at global.image.tag");
    }
}
