// An operator whose claim divides the contributors' part otherwise than the rule does.

import assert from 'node:assert/strict';

import { address, sum } from './chain.js';
import { honest } from './network.js';
import { LIAR, abuse, ask, bond, conserved, ended, stage, submit } from './stage.js';

/** The claim that an answered request's operator made, as it is in the block. */
export async function claimOf({ request, answeredAt }) {
	const { api } = stage;
	const { block } = await api.rpc.chain.getBlock(await api.rpc.chain.getBlockHash(answeredAt));
	const calls = block.extrinsics.map(({ method }) => method);
	const { args } = calls.find((call) => api.tx.inference.answer.is(call) && call.args[0].eq(request));
	return args[3].toJSON();
}

export const answerOf = (request, claim, { answer, usage }) =>
	stage.api.tx.inference.answer(request, `0x${Buffer.from(answer).toString('hex')}`, usage, claim);

export function splitTests() {
	abuse('operator_that_pays_by_other_shares_than_the_rule_is_refused_or_found_and_shares_are_mended', async () => {
		const first = await stage.node.best();
		const answered = await honest();
		const truth = await claimOf(answered);
		const [best] = truth.records;
		assert.ok(best, 'the honest answer credits a record');
		const { request } = await ask(LIAR.operator);
		const lies = [
			['NotInIndex', { records: [{ ...best, scale: best.scale + 1 }, ...truth.records.slice(1)] }],
			['NotInIndex', {
				records: [
					{ ...best, record: { ...best.record, contributor: address(LIAR.operator) } },
					...truth.records.slice(1),
				],
			}],
			['Unordered', { records: [best, best, ...truth.records.slice(1)] }],
			['WrongMethod', { contributors: [{ position: 0, leaf: { account: address(LIAR.operator), scale: 1, sketch: best.sketch } }] }],
			['NotInIndex', { recordsProof: { nodes: [`0x${'07'.repeat(32)}`] } }],
		];
		for (const [why, lie] of lies) {
			const call = answerOf(request, { ...truth, ...lie }, answered);
			await assert.rejects(submit(call, LIAR.agent), new RegExp(why), JSON.stringify(Object.keys(lie)));
		}
		const before = await bond(LIAR.operator);
		// What the rule can't tell by the claim alone: nobody is credited, although the sketch says who is owed.
		await submit(answerOf(request, { ...truth, records: [], recordsProof: { nodes: [] } }, answered), LIAR.agent);
		const end = await ended(request);
		assert.equal(end.state, 'settled');
		assert.ok((await bond(LIAR.operator)) < before, 'it paid for the omission');
		for (const part of ['sketch', 'gain', 'earnedPpm', 'paid', 'evidence']) {
			assert.deepEqual(end[part], answered[part], part);
		}
		assert.deepEqual(end.distribution, { ...answered.distribution, operator: end.distribution.operator });
		const { contributors, verifiers, validators, treasury, ...parts } = end.distribution;
		const amounts = [...contributors, parts.owner, parts.royalty, parts.operator].map(({ amount }) => amount);
		assert.equal(sum([...amounts, verifiers, validators, treasury]), BigInt(end.fee));
		await conserved(first);
	});
}
