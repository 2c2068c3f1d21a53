//! Image references: what is read displays as it was written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pilothouse::model::image::ImageReference;

fuzz_target!(|text: &str| {
    if let Ok(image) = ImageReference::parse(text) {
        assert_eq!(image.to_string(), text);
    }
});
