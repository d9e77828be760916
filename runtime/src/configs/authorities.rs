//! Who authors when nobody is left to.

use crate::{AccountId, Babe, Grandpa, Runtime, Session, SessionKeys};
use core::iter::empty;
use frame_support::{WeakBoundedVec, traits::OneSessionHandler};
use pallet_babe::Authorities;
use pallet_session::SessionHandler;
use sp_consensus_babe::AuthorityId;
use sp_core::crypto::KeyTypeId;
use sp_runtime::{RuntimeAppPublic, traits::OpaqueKeys};

type Handlers = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;

/// Passes sessions on to BABE and GRANDPA, and lets the authorities stay where a session has no
/// validators, since all of them removed their keys. BABE would ignore such a session, its epoch
/// would never end, and every block would begin another session and have no room for the keys that
/// would mend it.
pub struct AuthoritiesStay;

impl SessionHandler<AccountId> for AuthoritiesStay {
	const KEY_TYPE_IDS: &'static [KeyTypeId] =
		<Handlers as SessionHandler<AccountId>>::KEY_TYPE_IDS;

	fn on_genesis_session<Ks: OpaqueKeys>(validators: &[(AccountId, Ks)]) {
		Handlers::on_genesis_session(validators);
	}

	fn on_new_session<Ks: OpaqueKeys>(
		changed: bool,
		validators: &[(AccountId, Ks)],
		queued: &[(AccountId, Ks)],
	) {
		if !validators.is_empty() {
			let next = if queued.is_empty() { validators } else { queued };
			return Handlers::on_new_session(changed, validators, next);
		}
		let authorities = Authorities::<Runtime>::get();
		let next: alloc::vec::Vec<_> = queued
			.iter()
			.filter_map(|(_, keys)| keys.get(AuthorityId::ID))
			.map(|key| (key, 1))
			.collect();
		let next = if next.is_empty() {
			authorities.clone()
		} else {
			WeakBoundedVec::force_from(next, Some("The authorities that the stakes elected"))
		};
		Babe::enact_epoch_change(authorities, next, Some(Session::current_index()));
		<Grandpa as OneSessionHandler<AccountId>>::on_new_session(false, empty(), empty());
	}

	fn on_before_session_ending() {
		<Handlers as SessionHandler<AccountId>>::on_before_session_ending();
	}

	fn on_disabled(validator: u32) {
		<Handlers as SessionHandler<AccountId>>::on_disabled(validator);
	}
}
