//! The host interface: `engine::exchange`, and the extension behind it.

use alloc::vec::Vec;
use sp_runtime_interface::{
	pass_by::{AllocateAndReturnByCodec, PassFatPointerAndRead},
	runtime_interface,
};

use crate::{Failure, Message, Reply, Response};
#[cfg(feature = "std")]
use codec::DecodeAll;
use codec::{Decode, Encode};
#[cfg(feature = "std")]
use sp_externalities::ExternalitiesExt;

/// What stands behind the host function on an operator's node.
#[cfg(feature = "std")]
pub trait Engine: Send + Sync {
	/// Carries out one command, without waiting for inference.
	fn exchange(&self, message: Message) -> Reply;
}

#[cfg(feature = "std")]
sp_externalities::decl_extension! {
	/// The engine, in the contexts where it is registered.
	pub struct EngineExt(std::sync::Arc<dyn Engine>);
}

#[cfg(feature = "std")]
impl EngineExt {
	/// Makes an engine reachable from the runtime.
	pub fn new(engine: std::sync::Arc<dyn Engine>) -> Self {
		Self(engine)
	}
}

/// Reaches the engine from an off-chain worker.
#[runtime_interface]
pub trait EngineHost {
	/// Passes an encoded [`Message`] to the engine and returns its encoded [`Reply`].
	fn exchange(
		&mut self,
		message: PassFatPointerAndRead<&[u8]>,
	) -> AllocateAndReturnByCodec<Vec<u8>> {
		let reply = match Message::decode_all(&mut &message[..]) {
			Err(_) => Reply::V3(Response::Failed(Failure::Unsupported)),
			Ok(message) => match self.extension::<EngineExt>() {
				Some(EngineExt(engine)) => engine.exchange(message),
				None => Reply::V3(Response::Failed(Failure::Unavailable)),
			},
		};
		reply.encode()
	}
}

/// The host functions to give to the node's executor, beside the SDK's.
#[cfg(feature = "std")]
pub type HostFunctions = (engine_host::HostFunctions,);

/// Sends one command and reads the reply. What can't be read is [`Failure::Unsupported`].
pub fn exchange(command: crate::Command) -> Response {
	let reply = engine_host::exchange(&Message::V3(command).encode());
	match Reply::decode(&mut &reply[..]) {
		Ok(Reply::V3(response)) => response,
		Err(_) => Response::Failed(Failure::Unsupported),
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{Capabilities, Command};
	use std::sync::Arc;

	struct Idle;
	impl Engine for Idle {
		fn exchange(&self, message: Message) -> Reply {
			let Message::V3(command) = message;
			Reply::V3(match command {
				Command::Capabilities => {
					Response::Capabilities(Capabilities { bases: Vec::new(), free: 3 })
				}
				_ => Response::Failed(Failure::Unknown),
			})
		}
	}

	fn with(engine: Option<Arc<dyn Engine>>, test: impl FnOnce()) {
		let mut ext = sp_io::TestExternalities::default();
		if let Some(engine) = engine {
			ext.register_extension(EngineExt::new(engine));
		}
		ext.execute_with(test);
	}

	#[test]
	fn exchange_is_unavailable_when_node_has_no_engine() {
		with(None, || {
			assert_eq!(exchange(Command::Poll(1)), Response::Failed(Failure::Unavailable));
		});
	}

	#[test]
	fn exchange_reaches_the_engine() {
		with(Some(Arc::new(Idle)), || {
			let Response::Capabilities(capabilities) = exchange(Command::Capabilities) else {
				panic!("capabilities")
			};
			assert_eq!(capabilities.free, 3);
			assert_eq!(exchange(Command::Forget(9)), Response::Failed(Failure::Unknown));
		});
	}

	#[test]
	fn exchange_is_unsupported_when_version_is_unknown_or_bytes_are_left() {
		with(Some(Arc::new(Idle)), || {
			let known = Message::V3(Command::Capabilities).encode();
			let mut long = known.clone();
			long.push(0);
			for bytes in [vec![], vec![9], long, known[..0].to_vec()] {
				let reply = Reply::decode(&mut &engine_host::exchange(&bytes)[..]).unwrap();
				assert_eq!(reply, Reply::V3(Response::Failed(Failure::Unsupported)));
			}
		});
	}
}
