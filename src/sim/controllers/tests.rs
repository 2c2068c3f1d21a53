//! Courses of whole workloads on a paused runtime.
