import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { canaryTests } from './canaries.js';
import { sum, transactionFees, worth } from './chain.js';
import { sessionTests } from './sessions.js';
import {
	BOND, LIAR, MIN_PENALTY, OPEN, OPERATOR, PAYER, VERIFIERS,
	abuse, accrued, ask, bond, conserved, emptyClaim, ended, setUp, stage, submit, tearDown,
} from './stage.js';

before(setUp);
after(tearDown);

const upheld = async () => (await stage.node.rpc('openledger_verifiers')).map(({ upheld }) => upheld);

let honest;

test('honest_answer_is_upheld_and_paid', async () => {
	const { request } = await ask(OPERATOR);
	honest = await ended(request);
	assert.deepEqual([honest.state, honest.audit.stage], ['settled', 'concluded']);
	assert.deepEqual(honest.audit.verdict, { kind: 'upheld' });
	assert.ok(sum(honest.distribution.contributors.map(({ amount }) => amount)) > 0n, honest.answer);
	assert.deepEqual(await upheld(), [1, 1, 1]);
	assert.equal(await bond(OPERATOR), BOND * OPEN);
	await conserved(honest.requestedAt);
});

abuse('operator_that_lies_about_its_claim_pays_and_contributors_are_paid_all_the_same', async () => {
	const { request } = await ask(LIAR.operator);
	const answer = Buffer.from(honest.answer).toString('hex');
	const call = stage.api.tx.inference.answer(request, `0x${answer}`, honest.usage, await emptyClaim());
	await submit(call, LIAR.agent);
	const end = await ended(request);
	assert.deepEqual([end.state, end.audit.verdict.kind], ['settled', 'refuted']);
	assert.equal(end.audit.verdict.answer, (await stage.api.query.audits.verdicts(request)).unwrap().asRefuted.answer.toHex());
	assert.ok((await bond(LIAR.operator)) <= BOND * OPEN - MIN_PENALTY);
	// The true claim was brought by a verifier, and pays by what the honest operator's did.
	assert.notDeepEqual(end.sketch, (await emptyClaim()).sketch);
	for (const part of ['sketch', 'gain', 'earnedPpm', 'paid', 'evidence']) {
		assert.deepEqual(end[part], honest[part], part);
	}
	assert.deepEqual(end.distribution.contributors, honest.distribution.contributors);
	assert.deepEqual(await upheld(), [2, 2, 2]);
	// They are paid out of the verifiers' part of fees, of which there was none before.
	assert.ok(sum(await Promise.all(VERIFIERS.map(accrued))) > 0n);
	await conserved(end.requestedAt);
});

/** Has the liar answer, and checks that the payer has its fee back and the liar paid for it. */
async function rejected(text, usage) {
	const earlier = await worth(stage.api, PAYER);
	const { request } = await ask(LIAR.operator);
	const [bonded, before] = [await bond(LIAR.operator), await accrued('//Charlie')];
	const answer = `0x${Buffer.from(text).toString('hex')}`;
	await submit(stage.api.tx.inference.answer(request, answer, usage, await emptyClaim()), LIAR.agent);
	const end = await ended(request);
	assert.deepEqual([end.state, end.audit.verdict.kind], ['refunded', 'refuted']);
	assert.ok((await bond(LIAR.operator)) <= bonded - MIN_PENALTY);
	assert.ok((await accrued('//Charlie')) > before, 'who taught the true answer is paid for it');
	const events = await conserved(end.requestedAt);
	assert.equal(earlier - (await worth(stage.api, PAYER)), transactionFees(stage.api, events, PAYER));
}

abuse('payer_is_refunded_when_the_answer_is_false', () =>
	rejected('The door is whatever you want it to be.', { prompt: 20, output: 9 }));

abuse('payer_is_refunded_when_the_answer_is_charged_for_tokens_that_it_did_not_take', () =>
	rejected(honest.answer, { ...honest.usage, prompt: honest.usage.prompt + 3 }));

test('client_shows_audits_and_verifiers', async () => {
	const all = await stage.run(PAYER, 'verifier', 'list');
	assert.equal(all.length, VERIFIERS.length);
	const shown = await stage.run(PAYER, 'audit', 'show', honest.request);
	assert.equal(shown.stage, 'concluded');
	await assert.rejects(stage.run(PAYER, 'audit', 'show', 4_000_000), /is not audited/);
	await assert.rejects(stage.run(PAYER, 'audit', 'appeal', honest.request), /UnknownAudit/);
	await assert.rejects(stage.run(PAYER, 'verifier', 'register', '--agent', '//Ferdie//a', '--bond', 1), /BondTooSmall/);
});

sessionTests(() => honest);
canaryTests(() => honest);

abuse('nothing_is_lost_over_the_whole_run_on_one_node', () => conserved(stage.begun));
