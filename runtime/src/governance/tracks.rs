//! The tracks: what each kind of proposal needs to pass, and how long it takes. Periods are in the
//! chain's own days and hours ([`pallet_calendar`]), so that a test network votes in minutes.

use super::origins::Origin;
use crate::{Balance, BlockNumber, OPEN, OriginCaller, Runtime};
use alloc::borrow::Cow;
use frame_support::traits::Get;
use pallet_referenda::{Curve, Track, TrackInfo, TracksInfo};
use sp_runtime::{FixedI64, str_array};

/// What a track asks for. Periods are in hours.
struct Terms {
	id: u16,
	name: &'static str,
	/// Whose proposals go here.
	origin: OriginCaller,
	/// How many can be decided on at the same time.
	deciding: u32,
	/// The deposit without which nothing is decided.
	deposit: Balance,
	/// From submission to the start of the decision.
	prepare: u32,
	/// How long votes can carry it.
	decide: u32,
	/// How long they have to carry it without a break.
	confirm: u32,
	/// From approval to enactment, at least.
	enact: u32,
	/// Ayes of all votes cast, by time.
	approval: Curve,
	/// Ayes of all that could vote, by time.
	support: Curve,
}

const DAY: u32 = 24;

const fn percent(percent: u128) -> FixedI64 {
	FixedI64::from_rational(percent, 100)
}

/// Near unanimity first, a simple majority after the decision period.
const BROAD: Curve = Curve::make_reciprocal(4, 28, percent(80), percent(50), percent(100));
/// Likewise, for what can be undone: a simple majority is enough two thirds of the way.
const USUAL: Curve = Curve::make_linear(18, 28, percent(50), percent(100));
/// Half of all that could vote first, none of it at the end.
const WHOLE: Curve = Curve::make_linear(28, 28, percent(0), percent(50));
/// Falls to one part in a hundred within half of the period.
const SOME: Curve = Curve::make_reciprocal(14, 28, percent(1), percent(0), percent(50));
/// Falls to one part in ten within a quarter of the period, and not below a fiftieth.
const MUCH: Curve = Curve::make_reciprocal(7, 28, percent(10), percent(2), percent(50));

/// How a call's size is told on each track; one entry a track, sorted by number.
fn terms() -> [Terms; 11] {
	let track = |id, name, origin: Origin| Terms {
		id,
		name,
		origin: origin.into(),
		deciding: 10,
		deposit: 1_000 * OPEN,
		prepare: 2,
		decide: 14 * DAY,
		confirm: DAY,
		enact: 2,
		approval: USUAL,
		support: SOME,
	};
	[
		Terms {
			deciding: 1,
			deposit: 100_000 * OPEN,
			decide: 28 * DAY,
			enact: DAY,
			approval: BROAD,
			support: WHOLE,
			origin: frame_system::RawOrigin::Root.into(),
			..track(0, "root", Origin::Contributors)
		},
		Terms {
			deposit: 10_000 * OPEN,
			prepare: 1,
			confirm: 1,
			enact: 1,
			approval: BROAD,
			support: MUCH,
			..track(1, "whitelisted_caller", Origin::WhitelistedCaller)
		},
		Terms {
			deposit: 5_000 * OPEN,
			decide: 21 * DAY,
			approval: BROAD,
			support: MUCH,
			..track(10, "parameters", Origin::Parameters)
		},
		Terms {
			deposit: 5_000 * OPEN,
			decide: 21 * DAY,
			// Time for contributors to hold a vote of their own before the first enactment.
			prepare: 4 * DAY,
			enact: 4 * DAY,
			approval: BROAD,
			support: MUCH,
			..track(11, "attribution_parameters", Origin::AttributionParameters)
		},
		Terms {
			deposit: 5_000 * OPEN,
			approval: BROAD,
			..track(12, "contributor_approved", Origin::ContributorApproved)
		},
		Terms {
			decide: 7 * DAY,
			confirm: 12,
			deposit: 200 * OPEN,
			..track(20, "treasury_small", Origin::TreasurySmall)
		},
		track(21, "treasury_medium", Origin::TreasuryMedium),
		Terms {
			deposit: 10_000 * OPEN,
			decide: 28 * DAY,
			confirm: 2 * DAY,
			enact: DAY,
			approval: BROAD,
			support: MUCH,
			..track(22, "treasury_big", Origin::TreasuryBig)
		},
		Terms {
			deposit: 500 * OPEN,
			prepare: DAY,
			..track(30, "datanet_disputes", Origin::DatanetDisputes)
		},
		Terms {
			deposit: 10_000 * OPEN,
			decide: 7 * DAY,
			confirm: 3,
			enact: 1,
			prepare: 1,
			approval: BROAD,
			..track(40, "referendum_canceller", Origin::ReferendumCanceller)
		},
		Terms {
			deposit: 50_000 * OPEN,
			decide: 7 * DAY,
			confirm: 3,
			enact: 1,
			prepare: 1,
			approval: BROAD,
			..track(41, "referendum_killer", Origin::ReferendumKiller)
		},
	]
}

/// The one track of the contributors' own referenda. Its support is counted of all voice that was earned, paid out
/// or not.
fn contributors_terms() -> [Terms; 1] {
	[Terms {
		id: 0,
		name: "contributors",
		origin: Origin::Contributors.into(),
		deciding: 20,
		deposit: 100 * OPEN,
		prepare: 1,
		decide: 7 * DAY,
		// Short enough that a rejection is in force before what it rejects can be enacted.
		confirm: 12,
		enact: 1,
		approval: BROAD,
		support: MUCH,
	}]
}

/// Hours of this chain, in blocks; at least one.
fn hours(hours: u32) -> BlockNumber {
	let day = <pallet_calendar::Days<Runtime, 1> as Get<BlockNumber>>::get();
	day.saturating_mul(hours).checked_div(DAY).unwrap_or_default().max(1)
}

impl From<Terms> for Track<u16, Balance, BlockNumber> {
	fn from(terms: Terms) -> Self {
		Track {
			id: terms.id,
			info: TrackInfo {
				name: str_array(terms.name),
				max_deciding: terms.deciding,
				decision_deposit: terms.deposit,
				prepare_period: hours(terms.prepare),
				decision_period: hours(terms.decide),
				confirm_period: hours(terms.confirm),
				min_enactment_period: hours(terms.enact),
				min_approval: terms.approval,
				min_support: terms.support,
			},
		}
	}
}

fn track_of(terms: impl IntoIterator<Item = Terms>, origin: &OriginCaller) -> Result<u16, ()> {
	terms.into_iter().find(|terms| &terms.origin == origin).map(|terms| terms.id).ok_or(())
}

/// Tracks of the referenda in which OPEN votes.
pub struct Tracks;

impl TracksInfo<Balance, BlockNumber> for Tracks {
	type Id = u16;
	type RuntimeOrigin = OriginCaller;

	fn tracks() -> impl Iterator<Item = Cow<'static, Track<u16, Balance, BlockNumber>>> {
		terms().into_iter().map(|terms| Cow::Owned(terms.into()))
	}

	fn track_for(origin: &OriginCaller) -> Result<u16, ()> {
		track_of(terms(), origin)
	}
}

/// The track of the referenda in which contributors vote.
pub struct ContributorTracks;

impl TracksInfo<Balance, BlockNumber> for ContributorTracks {
	type Id = u16;
	type RuntimeOrigin = OriginCaller;

	fn tracks() -> impl Iterator<Item = Cow<'static, Track<u16, Balance, BlockNumber>>> {
		contributors_terms().into_iter().map(|terms| Cow::Owned(terms.into()))
	}

	fn track_for(origin: &OriginCaller) -> Result<u16, ()> {
		track_of(contributors_terms(), origin)
	}
}
