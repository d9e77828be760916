//! Numbers that are computed together.
//!
//! Loops over plain arrays are left to the compiler where it finds the instructions by itself. Where
//! sums live in registers through a long loop, it is told.

/// A vector of numbers; every lane is computed by itself.
pub(crate) trait Vector: Copy {
	/// How many numbers.
	const LANES: usize;

	/// The same number in every lane.
	fn splat(value: f32) -> Self;

	/// Reads numbers that follow each other.
	///
	/// # Safety
	/// There must be [`Vector::LANES`] of them.
	unsafe fn load(from: *const f32) -> Self;

	/// Writes the numbers one after the other.
	///
	/// # Safety
	/// There must be room for [`Vector::LANES`] of them.
	unsafe fn store(self, to: *mut f32);

	/// `self · by + to`, rounded once.
	fn fma(self, by: Self, to: Self) -> Self;

	/// `self + other`.
	fn plus(self, other: Self) -> Self;

	/// The sum of all lanes: the second half is added to the first, until one is left.
	fn sum(self) -> f32;
}

impl<const N: usize> Vector for [f32; N] {
	const LANES: usize = N;

	#[inline(always)]
	fn splat(value: f32) -> Self {
		[value; N]
	}

	#[inline(always)]
	unsafe fn load(from: *const f32) -> Self {
		// SAFETY: as the caller promises; an array of numbers is aligned as a number.
		unsafe { from.cast::<Self>().read() }
	}

	#[inline(always)]
	unsafe fn store(self, to: *mut f32) {
		// SAFETY: as above.
		unsafe { to.cast::<Self>().write(self) };
	}

	#[inline(always)]
	fn fma(self, by: Self, to: Self) -> Self {
		std::array::from_fn(|lane| self[lane].mul_add(by[lane], to[lane]))
	}

	#[inline(always)]
	fn plus(self, other: Self) -> Self {
		std::array::from_fn(|lane| self[lane] + other[lane])
	}

	#[inline(always)]
	fn sum(mut self) -> f32 {
		super::vector::halve(&mut self)
	}
}

/// Two vectors, the lower lanes first.
#[derive(Clone, Copy)]
pub(crate) struct Two<V>(V, V);

impl<V: Vector> Vector for Two<V> {
	const LANES: usize = 2 * V::LANES;

	#[inline(always)]
	fn splat(value: f32) -> Self {
		Self(V::splat(value), V::splat(value))
	}

	#[inline(always)]
	unsafe fn load(from: *const f32) -> Self {
		// SAFETY: as the caller promises.
		unsafe { Self(V::load(from), V::load(from.add(V::LANES))) }
	}

	#[inline(always)]
	unsafe fn store(self, to: *mut f32) {
		// SAFETY: as the caller promises.
		unsafe {
			self.0.store(to);
			self.1.store(to.add(V::LANES));
		}
	}

	#[inline(always)]
	fn fma(self, by: Self, to: Self) -> Self {
		Self(self.0.fma(by.0, to.0), self.1.fma(by.1, to.1))
	}

	#[inline(always)]
	fn plus(self, other: Self) -> Self {
		Self(self.0.plus(other.0), self.1.plus(other.1))
	}

	#[inline(always)]
	fn sum(self) -> f32 {
		self.0.plus(self.1).sum()
	}
}

// SAFETY, of all that follows: these vectors are named only by the architectures that `Isa::run` picks
// on processors that have the instructions; memory is as the caller promises.
#[cfg(target_arch = "x86_64")]
mod x86 {
	use super::{Two, Vector};
	use std::arch::x86_64::*;

	impl Vector for __m128 {
		const LANES: usize = 4;

		#[inline(always)]
		fn splat(value: f32) -> Self {
			unsafe { _mm_set1_ps(value) }
		}

		#[inline(always)]
		unsafe fn load(from: *const f32) -> Self {
			unsafe { _mm_loadu_ps(from) }
		}

		#[inline(always)]
		unsafe fn store(self, to: *mut f32) {
			unsafe { _mm_storeu_ps(to, self) };
		}

		#[inline(always)]
		fn fma(self, by: Self, to: Self) -> Self {
			unsafe { _mm_fmadd_ps(self, by, to) }
		}

		#[inline(always)]
		fn plus(self, other: Self) -> Self {
			unsafe { _mm_add_ps(self, other) }
		}

		#[inline(always)]
		fn sum(self) -> f32 {
			unsafe {
				let two = _mm_add_ps(self, _mm_movehl_ps(self, self));
				_mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
			}
		}
	}

	impl Vector for __m256 {
		const LANES: usize = 8;

		#[inline(always)]
		fn splat(value: f32) -> Self {
			unsafe { _mm256_set1_ps(value) }
		}

		#[inline(always)]
		unsafe fn load(from: *const f32) -> Self {
			unsafe { _mm256_loadu_ps(from) }
		}

		#[inline(always)]
		unsafe fn store(self, to: *mut f32) {
			unsafe { _mm256_storeu_ps(to, self) };
		}

		#[inline(always)]
		fn fma(self, by: Self, to: Self) -> Self {
			unsafe { _mm256_fmadd_ps(self, by, to) }
		}

		#[inline(always)]
		fn plus(self, other: Self) -> Self {
			unsafe { _mm256_add_ps(self, other) }
		}

		#[inline(always)]
		fn sum(self) -> f32 {
			unsafe { Two(_mm256_castps256_ps128(self), _mm256_extractf128_ps::<1>(self)).sum() }
		}
	}

	impl Vector for __m512 {
		const LANES: usize = 16;

		#[inline(always)]
		fn splat(value: f32) -> Self {
			unsafe { _mm512_set1_ps(value) }
		}

		#[inline(always)]
		unsafe fn load(from: *const f32) -> Self {
			unsafe { _mm512_loadu_ps(from) }
		}

		#[inline(always)]
		unsafe fn store(self, to: *mut f32) {
			unsafe { _mm512_storeu_ps(to, self) };
		}

		#[inline(always)]
		fn fma(self, by: Self, to: Self) -> Self {
			unsafe { _mm512_fmadd_ps(self, by, to) }
		}

		#[inline(always)]
		fn plus(self, other: Self) -> Self {
			unsafe { _mm512_add_ps(self, other) }
		}

		#[inline(always)]
		fn sum(self) -> f32 {
			unsafe { Two(_mm512_castps512_ps256(self), _mm512_extractf32x8_ps::<1>(self)).sum() }
		}
	}
}

#[cfg(target_arch = "aarch64")]
mod arm {
	use super::Vector;
	use std::arch::aarch64::*;

	impl Vector for float32x4_t {
		const LANES: usize = 4;

		#[inline(always)]
		fn splat(value: f32) -> Self {
			unsafe { vdupq_n_f32(value) }
		}

		#[inline(always)]
		unsafe fn load(from: *const f32) -> Self {
			unsafe { vld1q_f32(from) }
		}

		#[inline(always)]
		unsafe fn store(self, to: *mut f32) {
			unsafe { vst1q_f32(to, self) };
		}

		#[inline(always)]
		fn fma(self, by: Self, to: Self) -> Self {
			unsafe { vfmaq_f32(to, self, by) }
		}

		#[inline(always)]
		fn plus(self, other: Self) -> Self {
			unsafe { vaddq_f32(self, other) }
		}

		#[inline(always)]
		fn sum(self) -> f32 {
			// Adding neighbours would be another order.
			unsafe {
				let two = vadd_f32(vget_low_f32(self), vget_high_f32(self));
				vget_lane_f32::<0>(two) + vget_lane_f32::<1>(two)
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::kernels::{Arch, Isa, Kernel};

	struct Check<'a>(&'a [f32; 16]);

	impl Kernel for Check<'_> {
		type Output = [Vec<f32>; 2];

		#[inline(always)]
		fn run<A: Arch>(self) -> Self::Output {
			[check::<A::Eight>(self.0), check::<A::Sixteen>(self.0)]
		}
	}

	#[inline(always)]
	fn check<V: Vector>(values: &[f32; 16]) -> Vec<f32> {
		assert!(V::LANES <= values.len());
		// SAFETY: there are sixteen numbers.
		let x = unsafe { V::load(values.as_ptr()) };
		let result = x.fma(V::splat(1.0 / 3.0), x).plus(x);
		let mut all = vec![0.0; V::LANES];
		// SAFETY: as many as there are lanes.
		unsafe { result.store(all.as_mut_ptr()) };
		all.push(result.sum());
		all
	}

	#[test]
	fn vectors_agree_with_arrays_on_every_instruction_set() {
		let values = std::array::from_fn(|i| (i as f32 + 0.1).sin() * 10f32.powi(i as i32 % 5));
		let expected = Isa::Portable.run(Check(&values));
		assert_eq!(expected[1].len(), 17);
		for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
			assert_eq!(isa.run(Check(&values)), expected, "{isa:?}");
		}
	}
}
