// The network parts while lots are drawn, and is joined again.

import assert from 'node:assert/strict';

import { address, connect, eventsOf, sum } from './chain.js';
import { QUESTION } from './client.js';
import { PERIODS, link, part } from './network.js';
import { until } from './node.js';
import { BLOCKS, OTHER_QUESTION, all, asked, committed, concluded, drawId } from './sessions.js';
import { PAYER, RECEIPTS, abuse, accrued, asRoot, conserved, finalised, set, stage } from './stage.js';

/** Blocks of a round: so long that what is committed is final before its lots are drawn. */
const LONG_ROUND = 8;
/** Blocks until what is owed is committed: so many that all answers are in one batch. */
const LATER = 400;

const batchOf = async (api, batch) => (await api.query.receipts.batches(batch)).unwrapOr(null);
const hashAt = (node, number) => node.rpc('chain_getBlockHash', number);

/** The draws of a batch that were opened, as they are in the best chain of the near node. */
async function opened(batch, first) {
	const events = await eventsOf(stage.api, first, await stage.node.best());
	return all(events, 'receipts', 'DrawOpened').filter((data) => data.batch.eq(batch));
}

export function forkTests() {
	abuse('lots_and_receipts_of_a_lost_branch_are_gone_and_the_winning_one_is_paid_once', async () => {
		const { api, node, far } = stage;
		const first = await node.best();
		await asRoot([...set('Audits', { RoundLength: LONG_ROUND }), ...set('Receipts', { BatchPeriod: LATER })]);
		const before = await accrued('//Charlie');
		const paid = [];
		for (const [at, question] of [QUESTION, OTHER_QUESTION, QUESTION, OTHER_QUESTION].entries()) {
			paid.push(await asked(question, ...(at ? [] : ['--escrow', 1, '--blocks', BLOCKS])));
		}
		// What the session owes in all: where there was one before, it goes on.
		const spent = BigInt(paid.at(-1).spent);
		await asRoot(set('Receipts', { BatchPeriod: RECEIPTS.BatchPeriod }));
		const { batch, total } = await committed(paid[0].session, spent, first);
		// By its state and not by its number: of two blocks of one slot the other may become final.
		await until('the commitment is final', node, async () =>
			batchOf(await api.at(await node.rpc('chain_getFinalizedHead')), batch));
		const other = await connect(far);
		await part(node, far);
		let seed, shared, gone, height, abandoned;
		try {
			assert.ok((await batchOf(api, batch)).drawn.isNone, 'the network parts before the draw');
			const drawn = (on, api) => until('its lots are drawn', on, async () =>
				(await batchOf(api, batch)).drawn.unwrapOr(null)?.seed.toHex());
			const [lost, won] = await Promise.all([drawn(node, api), drawn(far, other)]);
			seed = won;
			assert.notEqual(lost, won, 'each branch has lots of its own');
			await until('what the lost lots drew is shown', node, async () => (await opened(batch, first)).length > 0);
			await until('the far node has finalised the draw', far, async () => {
				const api = await other.at(await far.rpc('chain_getFinalizedHead'));
				return (await batchOf(api, batch)).drawn.isSome;
			});
			// Without the far node's votes what is drawn here is not.
			const final = await api.at(await node.rpc('chain_getFinalizedHead'));
			assert.ok((await batchOf(final, batch)).drawn.isNone);
			shared = await finalised(node);
			gone = (await opened(batch, first)).map(({ draw }) => draw.toNumber());
			height = await node.best();
			abandoned = await hashAt(node, height);
		} finally {
			await other.disconnect();
			await link(node, far);
		}
		await until('the near node follows the far one', node, async () => {
			const final = await finalised(far);
			return final > shared && (await hashAt(node, final)) === (await hashAt(far, final));
		});
		await until('the branch is gone', node, async () => (await node.best()) > height);
		assert.notEqual(await hashAt(node, height), abandoned);
		assert.equal((await batchOf(api, batch)).drawn.unwrap().seed.toHex(), seed);
		assert.equal((await node.rpc('openledger_batch', batch.toNumber())).seed, seed);
		await asRoot(set('Audits', PERIODS));
		const events = await concluded(batch, first);
		const own = (name) => all(events, 'receipts', name).filter((data) => data.batch.eq(batch));
		const { returned } = own('BatchConcluded')[0];
		assert.equal(own('BatchConcluded').length, 1);
		assert.deepEqual([own('DrawsMissed'), own('DrawRejected'), returned.toBigInt()], [[], [], 0n]);
		const settled = own('DrawSettled').map(({ draw }) => draw.toNumber());
		assert.equal(new Set(settled).size, settled.length, 'no draw is settled twice');
		assert.deepEqual(settled.sort(), own('DrawOpened').map(({ draw }) => draw.toNumber()).sort(), `${gone} were gone`);
		assert.equal(sum(own('DrawSettled').map(({ fee }) => fee.toBigInt())), total.toBigInt());
		const verdicts = all(events, 'audits', 'AuditConcluded');
		for (const draw of settled) {
			const own = verdicts.filter(({ claim }) => claim.toBigInt() === drawId(batch, draw));
			assert.deepEqual(own.map(({ verdict }) => verdict.type), ['Upheld']);
		}
		assert.ok((await accrued('//Charlie')) > before, 'who taught it the door is paid');
		const session = await node.rpc('openledger_session', paid[0].session);
		assert.equal(BigInt(session.settled), spent, address(PAYER));
		await until('both have finalised the same', node, async () => {
			const height = Math.min(await finalised(node), await finalised(far));
			return height > (await stage.node.best()) - 8 && (await hashAt(node, height)) === (await hashAt(far, height));
		});
		for (let number = shared; number <= (await finalised(node)); number++) {
			assert.equal(await hashAt(node, number), await hashAt(far, number));
		}
		await conserved(first);
	});
}
