//! The genesis allocation, as data: whose part of the supply is how large, and when it can be moved.
//!
//! | group | part | at genesis | cliff | then |
//! |---|---|---|---|---|
//! | community and ecosystem | 61.71 % | 16.55 % of the supply | none | 48 months |
//! | investors | 18.29 % | nothing | 12 months | 36 months |
//! | team | 15 % | nothing | 12 months | 36 months |
//! | liquidity | 5 % | all of it | | |
//!
//! Together 21.55 % of the supply can be moved at genesis.

use crate::{AccountId, Balance, BlockNumber, OPEN, configs::tokens::SUPPLY};
use alloc::vec::Vec;

/// Months in a year.
const MONTHS: u32 = 12;

/// A group's part of the supply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
	/// All of it.
	pub total: Balance,
	/// What can be moved from the start.
	pub liquid: Balance,
	/// Months until the rest begins to vest.
	pub cliff: u32,
	/// Months that it then vests over.
	pub vesting: u32,
}

/// Community and ecosystem.
pub const COMMUNITY: Part =
	Part { total: 617_100_000 * OPEN, liquid: 165_500_000 * OPEN, cliff: 0, vesting: 48 };
/// Investors.
pub const INVESTORS: Part = Part { total: 182_900_000 * OPEN, liquid: 0, cliff: 12, vesting: 36 };
/// The team.
pub const TEAM: Part = Part { total: 150_000_000 * OPEN, liquid: 0, cliff: 12, vesting: 36 };
/// Liquidity for markets.
pub const LIQUIDITY: Part =
	Part { total: 50_000_000 * OPEN, liquid: 50_000_000 * OPEN, cliff: 0, vesting: 0 };

/// All parts, which add up to the supply.
pub const PARTS: [Part; 4] = [COMMUNITY, INVESTORS, TEAM, LIQUIDITY];

const _: () = assert!(
	COMMUNITY.total + INVESTORS.total + TEAM.total + LIQUIDITY.total == SUPPLY,
	"the allocation is the supply"
);

/// A vesting schedule as the vesting pallet's genesis has it: whose, first block, blocks, and what
/// of the balance is liquid.
pub type Schedule = (AccountId, BlockNumber, BlockNumber, Balance);

impl Part {
	/// What vests.
	pub fn locked(&self) -> Balance {
		self.total.saturating_sub(self.liquid)
	}

	/// The schedule of an account that holds `locked`, and nothing else, of this part, on a chain
	/// whose year has so many blocks.
	pub fn schedule(&self, holder: AccountId, year: BlockNumber) -> Schedule {
		let months =
			|months: u32| year.saturating_mul(months).checked_div(MONTHS).unwrap_or_default();
		(holder, months(self.cliff), months(self.vesting).max(1), 0)
	}
}

/// Who holds what is locked at genesis.
pub struct Holders {
	/// Of the community's part.
	pub community: AccountId,
	/// Of the investors' part.
	pub investors: AccountId,
	/// Of the team's part.
	pub team: AccountId,
	/// Of the part for liquidity, which is not locked.
	pub liquidity: AccountId,
}

impl Holders {
	/// What each of them holds. Nobody else's balance belongs in a genesis, beside the community's
	/// liquid part.
	pub fn balances(&self) -> Vec<(AccountId, Balance)> {
		[
			(self.community.clone(), COMMUNITY.locked()),
			(self.investors.clone(), INVESTORS.total),
			(self.team.clone(), TEAM.total),
			(self.liquidity.clone(), LIQUIDITY.total),
		]
		.into()
	}

	/// When it vests.
	pub fn schedules(&self, year: BlockNumber) -> Vec<Schedule> {
		[
			COMMUNITY.schedule(self.community.clone(), year),
			INVESTORS.schedule(self.investors.clone(), year),
			TEAM.schedule(self.team.clone(), year),
		]
		.into()
	}
}
