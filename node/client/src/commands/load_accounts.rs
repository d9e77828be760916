//! The accounts of a load: derived from the key that pays, given what they will need, each with its
//! own queue of signed extrinsics.

use super::{
	load_calls::{Kind, Order, Party},
	load_run::Settings,
	load_tracker::{Hash, Tracker},
};
use crate::{
	chain::load::{Ready, Signing, Wire},
	chain::{self, Chain, address, number},
	keys::Signer,
};
use anyhow::{Context as _, Result, bail};
use futures::{StreamExt, TryStreamExt, stream::iter};
use sp_core::crypto::{AccountId32, Ss58Codec};
use std::{
	collections::VecDeque,
	time::{Duration, Instant},
};
use subxt_signer::{DeriveJunction, sr25519::Keypair};

/// Transfers in one extrinsic when the accounts are given what they need.
const FUNDED_AT_ONCE: usize = 400;
/// How many times the fees of now an account gets: fees rise while blocks are full.
const RESERVE: u128 = 3;
/// What deposits an account may need for one of OpenLedger's own calls.
const DEPOSIT: u128 = crate::amount::OPEN / 10;
/// After how long an account asks whether the pool still has what it took from it. A pool that is
/// full drops what it holds longest, with all that follows it.
const STUCK: Duration = Duration::from_secs(20);

/// An account that sends.
pub struct Account {
	/// Its key.
	pub key: Keypair,
	/// What its calls are about.
	pub party: Party,
	/// The nonce of its first extrinsic.
	pub base: u64,
	/// How many of its extrinsics the pool has taken.
	pub taken: u64,
	/// The next ones, signed.
	pub ready: VecDeque<Ready>,
	/// Told apart from what was refused for good, by a unit of tip.
	tip: u128,
	/// What the pool took and no block was seen to hold, oldest first.
	waiting: VecDeque<(Hash, Instant)>,
	/// When the account last asked for its nonce.
	asked: Instant,
}

impl Account {
	/// Its address.
	pub fn address(&self) -> String {
		self.party.account.to_ss58check()
	}

	/// Signs its `sequence`-th extrinsic.
	pub fn sign(&self, signing: &Signing, order: &Order, sequence: u64) -> Result<Ready> {
		let (kind, round) = order.kind(sequence);
		let call = kind.call(&self.party, round);
		signing.sign(&self.key, self.base + sequence, self.tip, call)
	}

	/// The next extrinsic, and whether it is a transfer.
	pub fn next(&mut self, signing: &Signing, order: &Order) -> Result<(&Ready, bool)> {
		if self.ready.is_empty() {
			let signed = self.sign(signing, order, self.taken)?;
			self.ready.push_back(signed);
		}
		let transfer = order.kind(self.taken).0 == Kind::Transfer;
		self.ready.front().map(|ready| (ready, transfer)).context("nothing was signed")
	}

	/// The pool has it.
	pub fn advance(&mut self) {
		if let Some(ready) = self.ready.pop_front() {
			self.waiting.push_back((ready.hash, Instant::now()));
		}
		self.taken += 1;
	}

	/// Whether the pool may have dropped what it took.
	pub fn is_stuck(&mut self, tracker: &Tracker) -> bool {
		while self.waiting.front().is_some_and(|(hash, _)| tracker.is_included(hash)) {
			self.waiting.pop_front();
		}
		self.asked.elapsed() > STUCK
			&& self.waiting.front().is_some_and(|(_, since)| since.elapsed() > STUCK)
	}

	/// Goes on from `nonce`, which neither the chain nor the pool has.
	pub fn go_on_from(&mut self, nonce: u64) {
		self.asked = Instant::now();
		let taken = nonce.saturating_sub(self.base);
		if taken < self.taken {
			self.taken = taken;
			self.waiting.clear();
			self.sign_anew();
		}
	}

	/// The pool will have nothing of these bytes.
	pub fn sign_anew(&mut self) {
		self.ready.clear();
		self.tip += 1;
	}
}

/// Accounts derived from the key that pays.
pub fn accounts(signer: &Signer, count: u32) -> Vec<Account> {
	let keys: Vec<Keypair> = (0..u64::from(count))
		.map(|index| {
			signer.keypair.derive([DeriveJunction::hard("load"), DeriveJunction::hard(index)])
		})
		.collect();
	let ids: Vec<_> = keys.iter().map(|key| AccountId32::new(key.public_key().0)).collect();
	let next = ids.iter().skip(1).chain(ids.first());
	keys.into_iter()
		.zip(ids.iter().zip(next))
		.map(|(key, (account, neighbour))| Account {
			key,
			party: Party { account: account.clone(), neighbour: neighbour.clone(), datanet: None },
			base: 0,
			taken: 0,
			ready: VecDeque::new(),
			tip: 0,
			waiting: VecDeque::new(),
			asked: Instant::now(),
		})
		.collect()
}

/// What each account needs.
pub async fn budget(
	chain: &Chain,
	signing: &Signing,
	order: &Order,
	accounts: &[Account],
	settings: &Settings,
) -> Result<u128> {
	let first = accounts.first().context("no account sends")?;
	let kinds = order.kinds();
	let mut fees = 0;
	for kind in &kinds {
		fees += signing.fee(&first.key, kind.call(&first.party, 0)).await?;
	}
	let count = u128::from(settings.most_of_one());
	let fee = fees.div_ceil(kinds.len().max(1) as u128);
	let deposits = if order.needs_datanets() { DEPOSIT } else { 0 };
	let least = chain.constant("Balances", "ExistentialDeposit").await?;
	Ok(count * (fee * RESERVE + deposits) + least + 10 * deposits + crate::amount::OPEN)
}

/// Gives every account what it lacks of `each`. Returns what that was in all.
pub async fn fund(
	chain: &Chain,
	signer: &Signer,
	accounts: &[Account],
	each: u128,
) -> Result<u128> {
	let lacking: Vec<(AccountId32, u128)> = iter(accounts)
		.map(async |one| {
			let (free, _) = chain.balance(&one.party.account).await?;
			Ok::<_, anyhow::Error>((one.party.account.clone(), each.saturating_sub(free)))
		})
		.buffered(16)
		.try_filter(|(_, lacks)| std::future::ready(*lacks > 0))
		.try_collect()
		.await?;
	let total: u128 = lacking.iter().map(|(_, lacks)| lacks).sum();
	let (free, _) = chain.balance(&signer.account()).await?;
	if free <= total {
		bail!(
			"the accounts need {} and {} has {}: take fewer transactions, or another key by --from",
			crate::amount::show(total),
			signer.address(),
			crate::amount::show(free),
		);
	}
	for batch in lacking.chunks(FUNDED_AT_ONCE) {
		let calls = batch
			.iter()
			.map(|(to, lacks)| {
				let arguments = [("dest", address(to)), ("value", number(*lacks))];
				chain::call("Balances", "transfer_keep_alive", arguments)
			})
			.collect();
		chain.submit_all(signer, calls).await?;
	}
	Ok(total)
}

/// The accounts' next nonces, counting what the pool has of them.
pub async fn nonces(wire: &Wire, accounts: &[Account]) -> Result<Vec<u64>> {
	let addresses: Vec<_> = accounts.iter().map(Account::address).collect();
	let found: Option<Vec<u64>> = iter(&addresses)
		.map(|address| wire.next_nonce(address))
		.buffered(16)
		.collect::<Vec<_>>()
		.await
		.into_iter()
		.collect();
	found.context("the node does not say which nonces are next")
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn accounts_are_those_of_the_derivation_that_is_promised() {
		let signer = Signer::find(Some("//Alice")).unwrap();
		let found = accounts(&signer, 4);
		for (index, account) in found.iter().enumerate() {
			let same = crate::keys::account(&format!("//Alice//load//{index}")).unwrap();
			assert_eq!(account.party.account, same);
		}
		assert_eq!(found[3].party.neighbour, found[0].party.account);
	}
}
