use crate::{mock::*, *};
use frame_support::assert_ok;
use openledger_primitives_api::MAX_PAGE;

#[test]
fn datanets_page_skips_removed_and_cuts_limit() {
	run(|| {
		for _ in 0..4 {
			create(Policy::Open);
		}
		assert_ok!(Pallet::<Test>::close(signed(OWNER), 1));
		assert_ok!(Pallet::<Test>::remove(signed(OWNER), 1));
		let page = |start, limit| -> Vec<u32> {
			Pallet::<Test>::datanets(start, limit).iter().map(|net| net.id).collect()
		};
		assert_eq!(page(0, 2), [0, 2]);
		assert_eq!(page(3, u32::MAX), [3]);
		assert_eq!(page(4, 9), [0u32; 0]);
		assert_eq!(page(0, 0), [0u32; 0]);
		assert!(page(0, MAX_PAGE + 1).len() <= MAX_PAGE as usize);
		assert_eq!(Pallet::<Test>::datanet(1), None);
	});
}

#[test]
fn datanet_shows_what_was_created() {
	run(|| {
		let net = create(Policy::Curators);
		accepted(ALICE, net, &[1, 2]);
		assert_ok!(Pallet::<Test>::snapshot(signed(OWNER), net));
		contribute(ALICE, net, &[3]);
		let info = Pallet::<Test>::datanet(net).unwrap();
		assert_eq!((info.name.as_str(), info.terms.as_str()), ("CWE", "CC-BY-4.0"));
		assert_eq!((info.kind.as_str(), info.policy.as_str()), ("text", "curators"));
		assert_eq!((info.curators, info.records, info.contributions), (vec![CURATOR], 2, 2));
		assert_eq!(info.snapshots.len(), 1);
		assert_eq!(info.snapshots[0].1.root, info.root);
	});
}

#[test]
fn contributions_page_shows_status() {
	run(|| {
		let net = create(Policy::Open);
		accepted(ALICE, net, &[1, 2]);
		let gone = contribute(BOB, net, &[3]);
		assert_ok!(Pallet::<Test>::withdraw(signed(BOB), net, gone));
		contribute(BOB, net, &[4]);
		let page: Vec<_> = Pallet::<Test>::contributions(net, 0, 9)
			.into_iter()
			.map(|entry| (entry.id, entry.status, entry.first_index, entry.records.len()))
			.collect();
		assert_eq!(
			page,
			[(0, "accepted".to_string(), Some(0), 2), (2, "pending".to_string(), None, 1)]
		);
		assert_eq!(Pallet::<Test>::contributions(net, 2, 9)[0].acceptable_at, 23 + PERIOD as u32);
		assert!(Pallet::<Test>::contributions(7, 0, 9).is_empty());
	});
}

#[test]
fn records_page_starts_anywhere_and_passes_over_archived() {
	run(|| {
		let net = create(Policy::Open);
		accepted(ALICE, net, &[1, 2, 3]);
		let archived = accepted(BOB, net, &[4, 5]);
		accepted(ALICE, net, &[6, 7, 8]);
		let page = |start, limit| -> Vec<(u32, u8)> {
			Pallet::<Test>::records(net, start, limit)
				.iter()
				.map(|leaf| (leaf.index, leaf.content.0[0]))
				.collect()
		};
		for start in 0..9 {
			let all: Vec<_> = (start..8).map(|index| (index, index as u8 + 1)).collect();
			assert_eq!(page(start, 100), all);
			assert_eq!(page(start, 2), all[..all.len().min(2)]);
		}
		assert_ok!(Pallet::<Test>::close(signed(OWNER), net));
		assert_ok!(Pallet::<Test>::archive(signed(BOB), net, archived));
		assert_eq!(page(2, 3), [(2, 3), (5, 6), (6, 7)]);
		assert_eq!(page(4, 1), [(5, 6)]);
	});
}
