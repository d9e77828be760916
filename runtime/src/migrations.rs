//! What an upgrade does to the state that it finds, once, in its first block.

use crate::Runtime;

/// The migrations from the version before this one.
pub type All = (
	// Version 2: until then a pause lasted until it was lifted.
	pallet_pauses::migrations::EndEveryPause<Runtime>,
	// Version 2: until then versions of models did not name their arithmetic.
	pallet_models::migrations::NameArithmetic<Runtime>,
	// Version 2: until then what operators stand behind was not bounded.
	pallet_inference::migrations::CountExposure<Runtime>,
	// Version 2: until then challenges were against claims alone.
	pallet_attribution::migrations::NameTargets<Runtime>,
	// Version 2: until then voice was credited with every settlement.
	pallet_rewards::migrations::AccrueVoice<Runtime>,
);
