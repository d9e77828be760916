// A majority of the drawn verifiers is offline.

import assert from 'node:assert/strict';

import { address } from './chain.js';
import { FAR, NEAR, PERIODS, honest, startVerifiers } from './network.js';
import { until } from './node.js';
import { all } from './sessions.js';
import {
	BOND, OPEN, OPERATOR,
	abuse, asRoot, ask, audit, bond, conserved, ended, set, stage,
} from './stage.js';

/** Blocks to commit and to reveal in: the seats of those who are offline wait for their ends. */
const SHORT = { CommitPeriod: 12, RevealPeriod: 6 };
/** Of a verifier's bond and of the claim's fee, what neglect costs. */
const FINE = 200n;
const FINE_OF_FEE = 10n;

const verifier = async (key) => (await stage.api.query.audits.verifiers(address(key))).unwrap();

export function offlineTests() {
	abuse('claim_whose_verifiers_are_mostly_offline_is_drawn_again_and_decided_by_governance', async () => {
		const { api } = stage;
		const answered = await honest();
		const first = await stage.node.best();
		const operator = await bond(OPERATOR);
		const before = await Promise.all(FAR.map(verifier));
		await asRoot(set('Audits', SHORT));
		await stage.verifiers.node.stop();
		let events;
		const { request } = await ask(OPERATOR);
		try {
			await until('both committees have failed', stage.node, async () =>
				(await audit(request).catch(() => null))?.stage === 'undecided');
			// One of six is there: it alone commits, whichever committee it sits in.
			events = await conserved(first);
			const counted = all(events, 'audits', 'FindingsCounted').filter((data) => data.claim.eq(request));
			assert.deepEqual(counted.map(({ level, verdict }) => [level.type, verdict.isNone]),
				[['First', true], ['Redraw', true]]);
			const drawn = all(events, 'audits', 'CommitteeDrawn').filter((data) => data.claim.eq(request));
			const seated = drawn.flatMap(({ committee }) => committee.map((who) => who.toString()));
			assert.deepEqual(seated.sort(), [NEAR, ...FAR].map(address).sort());
			const revealed = all(events, 'audits', 'FindingRevealed').filter((data) => data.claim.eq(request));
			assert.deepEqual(revealed.map((data) => data.verifier.toString()), [address(NEAR)]);
			await asRoot([...set('Audits', PERIODS), api.tx.audits.resolve(request, 'Upheld')]);
		} finally {
			await startVerifiers();
		}
		const end = await ended(request);
		assert.deepEqual([end.state, end.audit.verdict.kind], ['settled', 'upheld']);
		assert.deepEqual(end.distribution, answered.distribution);
		assert.equal(await bond(OPERATOR), operator, 'the operator is not to blame');
		const fine = (BOND * OPEN) / FINE + BigInt(end.fee) / FINE_OF_FEE;
		for (const [at, key] of FAR.entries()) {
			const found = await verifier(key);
			assert.equal(before[at].bond.toBigInt() - found.bond.toBigInt(), fine, key);
			assert.deepEqual(found.strikes, before[at].strikes, 'where no committee decided, silence is no strike');
			assert.equal(found.duties.toNumber(), 0, key);
		}
		assert.equal((await verifier(NEAR)).strikes.toNumber(), 0);
		await conserved(first);
		const next = await ended((await ask(OPERATOR)).request);
		assert.deepEqual([next.state, next.audit.verdict.kind], ['settled', 'upheld'], 'those who are back do their part');
		await conserved(first);
	});
}
