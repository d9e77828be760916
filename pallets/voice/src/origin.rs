//! What the pallet's own origin is recognised by.

use crate::Origin;
use frame_support::traits::EnsureOrigin;

/// Accepts [`Origin::Vetted`] alone, root not.
pub struct EnsureVetted;

impl<O: Into<Result<Origin, O>> + From<Origin>> EnsureOrigin<O> for EnsureVetted {
	type Success = ();

	fn try_origin(origin: O) -> Result<(), O> {
		origin.into().map(|Origin::Vetted| ())
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn try_successful_origin() -> Result<O, ()> {
		Ok(Origin::Vetted.into())
	}
}
