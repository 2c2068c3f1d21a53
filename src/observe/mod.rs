//! The world, read.
mod rollout;
pub use rollout::verdict;
fn sentence(message: &str) -> String {
    message.to_owned()
}
