//! The inference engine behind OpenAI's HTTP interface, so that its clients work unchanged.
//!
//! `model` names the base or an adapter. Adapters are loaded and unloaded while requests run, under
//! the names that vLLM gave those endpoints. Everything that cannot be done as asked is refused by
//! name, in OpenAI's shape of an error.

mod answer;
mod api;
mod calls;
mod choice;
mod error;
mod listen;
mod metrics;
mod models;
mod request;
mod respond;
mod shape;
mod stall;
#[cfg(test)]
mod tests;
mod told;

pub use api::{Service, router};
pub use error::Refusal;
pub use listen::{Connections, bind, serve};
pub use models::Models;
