// A verifier that takes whatever it is offered, and an operator whose offer is a trap.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { address, connect, worth } from './chain.js';
import { startNode, until } from './node.js';
import { BLOCKS, OTHER_QUESTION, all, asked, committed, concluded, drawId, joined, text } from './sessions.js';
import {
	BRIBED, OPEN, OPERATOR, VERIFIERS,
	abuse, accrued, ask, audit, bond, conserved, ended, pair, stage, submit,
} from './stage.js';

/** What upholding a canary costs of a bond, and what of that its operator has. */
const CAUGHT = 10n;
const HALF = 2n;

const verifier = async (key) => (await stage.api.query.audits.verifiers(address(key))).unwrap();

/** The only node again, with more flags. */
async function restart(...flags) {
	await stage.api.disconnect();
	await stage.node.stop();
	stage.node = await startNode([...stage.args, ...flags], stage.node);
	stage.api = await connect(stage.node);
}

/** Waits until an audit is at a stage. */
const at = (request, wanted) =>
	until(`audit ${request} is ${wanted}`, stage.node, async () => {
		const found = await audit(request).catch(() => null);
		return found?.stage === wanted && found;
	});

/** Commits to what upholds a claim by traces that were handed over, and reveals it in time. */
async function uphold(request, { traces, seals }) {
	const { api } = stage;
	const salt = randomBytes(32);
	const { args } = api.tx.audits.reveal(request, { Upheld: { trace: traces.first, seals } }, salt);
	const [claim, finding] = args.map((argument) => argument.toU8a());
	const FIRST = Uint8Array.of(0);
	const { publicKey } = pair(BRIBED.verifier);
	const commitment = api.registry.hash(
		joined(text('openledger/finding'), claim, FIRST, finding, publicKey, salt));
	await submit(api.tx.audits.commit(request, commitment), BRIBED.agent);
	await at(request, 'revealing');
	await submit(api.tx.audits.reveal(request, finding, salt), BRIBED.agent);
}

export function canaryTests(honest) {
	abuse('verifier_that_upholds_what_it_was_handed_is_caught_by_a_canary_that_harms_nobody', async () => {
		await restart('--operator-canaries', '1');
		const { verifier: bribed, agent, bond: large } = BRIBED;
		await stage.run(bribed, 'verifier', 'register', '--agent', address(agent), '--bond', large);
		const before = await Promise.all(VERIFIERS.map(verifier));
		const [bonded, earned] = [await bond(OPERATOR), await accrued(OPERATOR)];
		const { request } = await ask(OPERATOR);
		const { seats } = await at(request, 'committing');
		assert.ok(seats.some((seat) => seat.verifier === address(bribed)), 'it is drawn');
		const secret = ['--secret', join(stage.folder, 'chain', 'canaries')];
		const offer = await stage.run(OPERATOR, 'audit', 'bait', request, ...secret);
		await assert.rejects(stage.run(OPERATOR, 'audit', 'bait', honest().request, ...secret), /is paid/);
		await assert.rejects(stage.run(OPERATOR, 'audit', 'unveil', request, ...secret), /TooEarly/);
		const held = await worth(stage.api, OPERATOR);
		await uphold(request, offer);
		const end = await ended(request);
		assert.deepEqual([end.state, end.audit.verdict.kind], ['settled', 'refuted']);
		for (const part of ['sketch', 'gain', 'earnedPpm', 'paid', 'evidence', 'distribution']) {
			assert.deepEqual(end[part], honest()[part], `${part}: all have what they have of a true claim`);
		}
		assert.equal(await bond(OPERATOR), bonded, 'its operator is spared');
		const caught = await verifier(bribed);
		const lost = (large * OPEN) / CAUGHT;
		assert.deepEqual([caught.bond.toBigInt(), caught.strikes.toNumber()], [large * OPEN - lost, 1]);
		for (const [index, key] of VERIFIERS.entries()) {
			const found = await verifier(key);
			assert.deepEqual([found.bond, found.strikes], [before[index].bond, before[index].strikes], key);
		}
		const events = await conserved(end.requestedAt);
		const [passed] = all(events, 'audits', 'CanaryPassed');
		assert.equal(passed.verifier.toString(), address(bribed));
		assert.deepEqual([passed.amount.toBigInt(), passed.earned.toBigInt()], [lost, lost / HALF]);
		assert.ok((await worth(stage.api, OPERATOR)) - held >= lost / HALF);
		const [paid] = all(events, 'audits', 'CanaryPaid').map((data) => data.paid.toBigInt());
		assert.ok(paid > 0n, 'its operator is paid as a seat is');
		assert.equal((await accrued(OPERATOR)) - earned, paid + BigInt(end.distribution.operator.amount));
		await assert.rejects(stage.run(OPERATOR, 'audit', 'unveil', request, ...secret), /is paid/);
	});

	// Two minutes more, of which the worker's and the pallet's own tests have the parts.
	if (!process.env.OPENLEDGER_ABUSE) return;

	abuse('canary_in_a_session_is_unveiled_and_paid_as_the_true_claim_that_it_stands_for', async () => {
		await stage.run(BRIBED.verifier, 'verifier', 'leave');
		const first = await stage.node.best();
		const bonded = await bond(OPERATOR);
		const { session, fee } = await asked(OTHER_QUESTION, '--escrow', 1, '--blocks', BLOCKS);
		const { batch } = await committed(session, BigInt(fee), first);
		const events = await concluded(batch, first);
		const of = (name) => all(events, 'audits', name).map((data) => data.claim.toBigInt());
		const drawn = all(events, 'receipts', 'DrawOpened').map((data) => drawId(data.batch, data.draw));
		assert.ok(drawn.length > 0);
		for (const name of ['CanaryUnveiled', 'CanaryPaid']) {
			assert.deepEqual(of(name).sort(), drawn.sort(), name);
		}
		for (const { verdict } of all(events, 'audits', 'AuditConcluded')) assert.ok(verdict.isRefuted);
		const { returned } = all(events, 'receipts', 'BatchConcluded').find((data) => data.batch.eq(batch));
		assert.equal(returned.toBigInt(), 0n, 'its payer has its answer, and pays');
		assert.equal(await bond(OPERATOR), bonded);
		await conserved(first);
	});
}
