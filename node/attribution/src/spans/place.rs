//! Places in the text, as arrays of them have them.

/// A place in the text, in tokens.
pub(super) trait Place: Copy + Send + Sync {
	/// The place; one beyond every text where it is none that this machine can reach.
	fn index(self) -> usize;
}

macro_rules! place {
	($number:ty) => {
		impl Place for $number {
			fn index(self) -> usize {
				self.try_into().unwrap_or(usize::MAX)
			}
		}
	};
}

place!(i32);
place!(i64);
place!(u64);

impl Place for [u8; 4] {
	fn index(self) -> usize {
		u64::from(u32::from_le_bytes(self)).index()
	}
}

impl Place for [u8; 5] {
	fn index(self) -> usize {
		let [a, b, c, d, e] = self;
		u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]).index()
	}
}

/// Adds places to `packed` as the file has them, `width` bytes each: four, or five.
pub(super) fn pack(places: &[impl Place], width: usize, packed: &mut Vec<u8>) {
	if width == 4 {
		pack_as::<4>(places, packed);
	} else {
		pack_as::<5>(places, packed);
	}
}

fn pack_as<const WIDTH: usize>(places: &[impl Place], packed: &mut Vec<u8>) {
	let start = packed.len();
	packed.resize(start + places.len() * WIDTH, 0);
	for (bytes, place) in packed[start..].as_chunks_mut::<WIDTH>().0.iter_mut().zip(places) {
		bytes.copy_from_slice(&(place.index() as u64).to_le_bytes()[..WIDTH]);
	}
}
