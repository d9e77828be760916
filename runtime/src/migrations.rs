//! What an upgrade does to the state that it finds, once, in its first block.

use crate::Runtime;
use frame_support::traits::Get;
use pallet_rewards::Accrued;
use pallet_voice::migrations::Unpaid;

/// The voice that has accrued and was not paid out.
pub struct AccruedVoice;

impl Get<Unpaid> for AccruedVoice {
	fn get() -> Unpaid {
		Accrued::<Runtime>::iter_values().fold(Unpaid::default(), |sum, accrued| Unpaid {
			points: sum.points.saturating_add(accrued.voice),
			entries: sum.entries.saturating_add(1),
		})
	}
}

/// The migrations from the version before this one.
pub type All = (
	// Version 2: until then a pause lasted until it was lifted.
	pallet_pauses::migrations::EndEveryPause<Runtime>,
	// Version 2: until then versions of models did not name their arithmetic.
	pallet_models::migrations::NameArithmetic<Runtime>,
	// Version 3: until then no version put records into prompts.
	pallet_models::migrations::AddRetrieval<Runtime>,
	// Version 2: until then what operators stand behind was not bounded.
	pallet_inference::migrations::CountExposure<Runtime>,
	// Version 2: until then challenges were against claims alone.
	pallet_attribution::migrations::NameTargets<Runtime>,
	// Version 3: until then claims said nothing of what was put into prompts.
	pallet_attribution::migrations::AddFound<Runtime>,
	// Version 2: until then voice was credited with every settlement.
	pallet_rewards::migrations::AccrueVoice<Runtime>,
	// Version 2: until then nobody paid for an entry of what accrues.
	pallet_rewards::migrations::KeepTickets<Runtime>,
	// Version 2: until then voice was in the whole only once it was paid out. After the two above, which
	// make what it reads.
	pallet_voice::migrations::CountEarned<Runtime, AccruedVoice>,
);
