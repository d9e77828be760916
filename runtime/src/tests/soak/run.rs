//! A run: blocks of what users and governance try, until there were enough.

use super::{
	super::{blocks::Chain, merge},
	alarms,
	audits::rulings,
	checks::{self, Issuance},
	ending, makers,
	report::Report,
	world::{Attempt, By, Rt, World, act},
};
use crate::{
	AccountId, Executive, MICRO, OPEN, RuntimeCall, RuntimeGenesisConfig, RuntimeParameters,
	System,
	configs::system::BLOCK,
	dynamic_params::{attribution, audits, inference, receipts, voice},
	governance::Origin,
	presets,
};
use pallet_calendar::Lengths;
use serde_json::json;
use sp_genesis_builder::{LOCAL_TESTNET_RUNTIME_PRESET, PresetId};
use sp_runtime::{BuildStorage, DispatchError, ModuleError, Permill, traits::Dispatchable};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Makes something to try, where the state of the chain allows it.
pub type Maker = fn(&mut World) -> Option<Attempt>;

/// Blocks in a day of this chain: as few as there can be, so that years pass within a run.
const DAY: u32 = 1;
const YEAR: u32 = 365 * DAY;
/// Each of our calls is aimed at being accepted so often in 10,000 extrinsics.
const AIM: u32 = 45;
/// Extrinsics from one long pause to the next.
const AGE: u32 = 900;
/// Attempts where there is no room.
const BEFORE_FULL: usize = 2;
/// Blocks between two checks while nobody does anything.
const LOOK: u32 = 100;

/// The local preset on a chain in a hurry.
fn genesis() -> sp_io::TestExternalities {
	let mut document = serde_json::to_value(RuntimeGenesisConfig::default()).unwrap();
	let preset = presets::get(&PresetId::from(LOCAL_TESTNET_RUNTIME_PRESET)).unwrap();
	merge(&mut document, serde_json::from_slice(&preset).unwrap());
	let number = |number: u32| number.try_into().unwrap();
	let lengths = Lengths {
		epoch_slots: number(10),
		sessions_per_era: number(3),
		bonding_eras: number(3),
		slash_defer_eras: 1,
		day: number(DAY),
	};
	merge(&mut document, json!({ "calendar": { "lengths": lengths } }));
	let config: RuntimeGenesisConfig = serde_json::from_value(document).unwrap();
	sp_io::TestExternalities::new(config.build_storage().unwrap())
}

/// Parameters with which audits and batches come to their end within a run, and most claims are
/// audited.
fn hurry() -> Vec<RuntimeParameters> {
	use RuntimeParameters::{Attribution, Audits, Receipts, Voice};
	use audits::Parameters::{
		AppealWindow, CommitPeriod, CorrectionPeriod, DisputeDeposit, ExaminePeriod, ModelsRate,
		Rate, RevealPeriod, RoundLength,
	};
	vec![
		Voice(voice::Parameters::VetoMinimum(voice::VetoMinimum, Some(20 * MICRO))),
		Attribution(attribution::Parameters::DemandWindow(attribution::DemandWindow, Some(20))),
		Audits(RoundLength(audits::RoundLength, Some(3))),
		Audits(Rate(audits::Rate, Some(Permill::from_percent(70)))),
		Audits(CommitPeriod(audits::CommitPeriod, Some(24))),
		Audits(ModelsRate(audits::ModelsRate, Some(Permill::from_percent(90)))),
		Audits(ExaminePeriod(audits::ExaminePeriod, Some(24))),
		Audits(RevealPeriod(audits::RevealPeriod, Some(20))),
		Audits(AppealWindow(audits::AppealWindow, Some(10))),
		Audits(CorrectionPeriod(audits::CorrectionPeriod, Some(30))),
		Audits(DisputeDeposit(audits::DisputeDeposit, Some(10 * OPEN))),
		Receipts(receipts::Parameters::Draws(receipts::Draws, Some(5))),
		Receipts(receipts::Parameters::RevealPeriod(receipts::RevealPeriod, Some(12))),
		Receipts(receipts::Parameters::ClosePeriod(receipts::ClosePeriod, Some(6))),
	]
}

/// Why a call failed, in a word.
fn reason(error: DispatchError) -> String {
	match error {
		DispatchError::Module(ModuleError { message: Some(name), .. }) => name.into(),
		other => format!("{other:?}"),
	}
}

struct Run {
	world: World,
	report: Report,
	makers: Vec<(&'static str, &'static str, u32, Maker)>,
}

/// Tries so many calls of the whole runtime, as this seed has them, and has everything come to its
/// end. Ends early once something that should always hold does not.
pub fn soak(seed: u64, extrinsics: u32) -> Report {
	let _ear = alarms::listen();
	let (mut run, mut ext, mut chain) = lived(seed, extrinsics);
	if run.report.is_sound() {
		run.end(&mut ext, &mut chain);
	}
	run.report
}

/// A chain in the middle of its life.
pub struct Stage {
	/// Its state after a block.
	pub ext: sp_io::TestExternalities,
	/// What builds the next one.
	pub chain: Chain,
	/// Its users, and what they know.
	pub world: World,
}

/// The chain after so many calls, as this seed has them.
///
/// # Panics
///
/// If something that should always hold does not.
pub fn stage(seed: u64, extrinsics: u32) -> Stage {
	let (run, ext, chain) = lived(seed, extrinsics);
	assert!(run.report.is_sound(), "{}", run.report.violations());
	Stage { ext, chain, world: run.world }
}

fn lived(seed: u64, extrinsics: u32) -> (Run, sp_io::TestExternalities, Chain) {
	let mut ext = genesis();
	let mut run = Run { world: World::new(seed), report: Report::new(seed), makers: makers() };
	let mut chain = ext.execute_with(Chain::new);
	let opening = run.opening();
	run.block(&mut ext, &mut chain, 1, opening);
	let (mut told, mut paused) = (0, 0);
	while run.report.extrinsics < extrinsics && run.report.is_sound() {
		let slots = run.pace();
		let size = run.world.between(8, 32).min(extrinsics - run.report.extrinsics);
		run.block(&mut ext, &mut chain, slots, vec![None; size as usize]);
		if run.report.extrinsics >= paused + AGE {
			paused = run.report.extrinsics;
			let years = ext.execute_with(|| run.years_to_be_forgotten());
			run.sleep(&mut ext, &mut chain, years * YEAR);
			// What nobody was there to judge would stand in others' way for good.
			let rulings = ext.execute_with(|| rulings(&mut run.world));
			run.block(&mut ext, &mut chain, 1, rulings);
		} else if run.world.odds(12) {
			let blocks = run.world.between(2, 40);
			run.sleep(&mut ext, &mut chain, blocks);
		}
		if run.report.extrinsics >= told + 1_000 {
			told = run.report.extrinsics;
			eprintln!("soak: {}", run.report.json());
		}
	}
	(run, ext, chain)
}

impl Run {
	/// What the first block holds: parameters that let the periods of a run pass, and money for
	/// those whom the preset gave none.
	fn opening(&mut self) -> Vec<Option<Attempt>> {
		let unbonding = RuntimeParameters::Inference(inference::Parameters::UnbondingPeriod(
			inference::UnbondingPeriod,
			Some(20),
		));
		let set = |key_value| pallet_parameters::Call::set_parameter { key_value };
		let mut opening = vec![act(Origin::Parameters, set(unbonding))];
		for parameter in hurry() {
			let vetted = pallet_voice::Call::dispatch { call: Box::new(set(parameter).into()) };
			opening.push(act(Origin::AttributionParameters, vetted));
		}
		let bank = self.world.bank();
		for who in self.world.accounts().into_iter().skip(super::users::NAMED.len()) {
			let (dest, value) = (who.into(), 100_000 * OPEN);
			let call = pallet_balances::Call::transfer_keep_alive { dest, value };
			opening.push(self.world.signed(bank.clone(), call));
		}
		opening
	}

	/// Slots to the next block: mostly one, sometimes a few missed ones, rarely a session or more.
	fn pace(&mut self) -> u64 {
		match self.world.below(20) {
			0 => self.world.between(2, 5).into(),
			1 => 10,
			2 if self.world.odds(8) => self.world.between(11, 40).into(),
			_ => 1,
		}
	}

	/// Years until the voice of twenty contributors has faded.
	fn years_to_be_forgotten(&self) -> u32 {
		let mut weights: Vec<u128> = pallet_voice::Voices::<Rt>::iter_keys()
			.map(|who: AccountId| crate::Voice::weight_of(&who))
			.collect();
		weights.sort_unstable();
		let twentieth = weights.get(19).or(weights.last()).copied().unwrap_or_default();
		((twentieth / (5 * MICRO)).checked_ilog2().unwrap_or(0) + 2).min(12)
	}

	/// Blocks in which nobody does anything.
	fn sleep(&mut self, ext: &mut sp_io::TestExternalities, chain: &mut Chain, blocks: u32) {
		for at in 1..=blocks {
			if !self.report.is_sound() {
				return;
			}
			if at % LOOK == 0 || at == blocks {
				self.block(ext, chain, 1, Vec::new());
			} else {
				ext.execute_with(|| chain.block());
				ext.commit_all().expect("no layer is open");
				self.report.blocks += 1;
			}
		}
	}

	/// Everything comes to its end that can.
	fn end(&mut self, ext: &mut sp_io::TestExternalities, chain: &mut Chain) {
		let (anyone, before) = (self.world.bank(), chain.number());
		let ended = catch_unwind(AssertUnwindSafe(|| {
			ext.execute_with(|| ending::wind_down(chain, &anyone))
		}));
		self.report.blocks += chain.number() - before;
		let wrong =
			ended.unwrap_or_else(|panic| vec![format!("panicked: {}", checks::message(&*panic))]);
		for what in wrong {
			self.report.violated(chain.number(), what, Vec::new());
		}
	}

	/// A block with these attempts, each made up when its turn comes where it is none yet.
	fn block(
		&mut self,
		ext: &mut sp_io::TestExternalities,
		chain: &mut Chain,
		slots: u64,
		attempts: Vec<Option<Attempt>>,
	) {
		let mut told = Vec::new();
		let outcome = catch_unwind(AssertUnwindSafe(|| {
			ext.execute_with(|| {
				let mut issuance = Issuance::before();
				let mut wrong = Vec::new();
				chain.block_with(slots, || {
					wrong.extend(issuance.follow().err());
					// A block that begins a session has no room for usual transactions.
					let full = frame_system::BlockWeight::<Rt>::get().total();
					let room = if full.any_gt(BLOCK) { BEFORE_FULL } else { usize::MAX };
					for attempt in attempts.into_iter().take(room) {
						let attempt = attempt.unwrap_or_else(|| self.make());
						told.push(format!("{attempt:.300?}"));
						let outcome = self.submit(&attempt);
						self.report.count(&attempt.call, &outcome);
						if let Some(told) = told.last_mut() {
							*told = format!("{told} -> {outcome:?}");
						}
						wrong.extend(issuance.follow().err());
						wrong.extend(alarms::after(&attempt.call));
					}
				});
				wrong.extend(issuance.follow().err());
				wrong.extend(checks::after_block());
				wrong
			})
		}));
		self.report.blocks += 1;
		let wrong = match outcome {
			Ok(wrong) => {
				ext.commit_all().expect("no layer is open");
				wrong
			}
			Err(panic) => vec![format!("panicked: {}", checks::message(&*panic))],
		};
		for what in wrong {
			self.report.violated(chain.number(), what, std::mem::take(&mut told));
		}
	}

	/// Something to try: what is behind its aim is tried more. Sometimes by somebody who should not.
	fn make(&mut self) -> Attempt {
		loop {
			let weights: Vec<u32> = self.makers.iter().map(|maker| self.weight(maker)).collect();
			let mut at = self.world.below(weights.iter().sum());
			let chosen = weights.iter().position(|weight| {
				let here = at < *weight;
				at = at.saturating_sub(*weight);
				here
			});
			let Some((.., maker)) = chosen.and_then(|at| self.makers.get(at).copied()) else {
				continue;
			};
			if let Some(mut attempt) = maker(&mut self.world) {
				// Not of session keys, which the last validator must not drop by accident.
				let any = !matches!(attempt.call, RuntimeCall::Session(_));
				if any && self.world.odds(20) {
					attempt.by = By::User(self.world.user());
				}
				return attempt;
			}
		}
	}

	fn weight(&self, (pallet, call, weight, _): &(&'static str, &'static str, u32, Maker)) -> u32 {
		if call.is_empty() {
			return *weight;
		}
		let aim = 1 + u64::from(AIM) * u64::from(self.report.extrinsics) / 10_000;
		let behind = aim.saturating_sub(self.report.accepted_of((pallet, call)).into());
		weight * (1 + behind.min(6) as u32)
	}

	fn submit(&mut self, attempt: &Attempt) -> Result<(), String> {
		let call = attempt.call.clone();
		let who = match &attempt.by {
			By::Governance(origin) => {
				let result = call.dispatch(origin.clone().into());
				return result.map(drop).map_err(|failed| reason(failed.error));
			}
			By::User(who) => who,
		};
		let nonce = System::account_nonce(who);
		let slip = self.world.below(250);
		let nonce = if slip == 0 { nonce + 1 } else { nonce };
		let tip = match slip {
			1 => u128::MAX,
			2..20 => u128::from(slip) * MICRO,
			_ => 0,
		};
		let user = self.world.user_of(who).ok_or("nobody has the key")?;
		let mut transaction = user.transaction(call, nonce, tip);
		if slip == 20 {
			transaction.function = frame_system::Call::remark { remark: vec![0; 5] }.into();
		}
		match Executive::apply_extrinsic(transaction) {
			Ok(result) => result.map_err(reason),
			Err(invalid) => Err(format!("{invalid:?}")),
		}
	}
}
