// Answers over HTTP that are paid in batches, and what operators and payers can try with them.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { address, eventsOf, sum, transactionFees, worth } from './chain.js';
import { QUESTION } from './client.js';
import { startNode, until } from './node.js';
import {
	AGENT, ANSWER_TOKENS, DECEIVED, LIAR, MIN_PENALTY, OPEN, OPERATOR, PAYER,
	abuse, accrued, bond, conserved, emptyClaim, pair, stage, submit,
} from './stage.js';

export const OTHER_QUESTION = 'When does the ferry leave?';
export const BLOCKS = 400;
/** The number of a draw's claim: beyond those that are exact as a JavaScript number. */
export const drawId = (batch, draw) => (1n << 63n) | (BigInt(batch) << 8n) | BigInt(draw);

export const joined = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));
/** blake2b-256 of the parts, one after the other. */
const hash = (...parts) => stage.api.registry.hash(joined(...parts));
export const text = (string) => new TextEncoder().encode(string);
/** Bytes in SCALE: with their number before them. */
const bytes = (value) =>
	stage.api.createType('Bytes', `0x${Buffer.from(value).toString('hex')}`).toU8a();

/** The event `name` of a pallet, in what a transaction or some blocks brought. */
export function find(events, section, name) {
	const { is } = stage.api.events[section][name];
	return events.map((entry) => entry.event ?? entry).find((event) => is(event))?.data;
}

export const all = (events, section, name) =>
	events.filter((event) => stage.api.events[section][name].is(event)).map(({ data }) => data);

export const asked = (question, ...more) =>
	stage.run(PAYER, 'ask', stage.model, question, '--session', '--max-tokens', ANSWER_TOKENS,
		'--operator', address(OPERATOR), ...more);

/** Waits until a batch is concluded; resolves to the events since the block `first`. */
export async function concluded(batch, first) {
	return until(`batch ${batch} is concluded`, stage.node, async () => {
		const events = await eventsOf(stage.api, first, await stage.node.best());
		const done = all(events, 'receipts', 'BatchConcluded').some((data) => data.batch.eq(batch));
		return done && events;
	});
}

/** Waits until a session's vouchers up to `amount` are in batches; resolves to the last batch's event. */
export async function committed(session, amount, first) {
	return until(`session ${session} is committed`, stage.node, async () => {
		const found = (await stage.api.query.receipts.sessions(session)).unwrapOr(null);
		if (found && found.settled.toBigInt() < amount) return null;
		const events = await eventsOf(stage.api, first, await stage.node.best());
		return all(events, 'receipts', 'BatchCommitted').at(-1);
	});
}

/** What was asked, answered and claimed in a receipt that the liar makes up, and a voucher for it. */
class Forgery {
	/** Opens a session of `payer` with the liar, in which it gives one receipt for `answer`. */
	static async make({ payer, answer, usage, question = QUESTION }) {
		const forgery = new Forgery();
		const { api, model } = stage;
		forgery.payer = payer;
		forgery.earlier = await worth(api, payer);
		forgery.first = await stage.node.best();
		const { tx } = api;
		const opening = tx.receipts.openSession(address(LIAR.operator), model, null, 2n * OPEN, BLOCKS, false);
		const opened = find(await submit(opening, payer), 'receipts', 'SessionOpened');
		forgery.session = opened.session.toNumber();
		forgery.asked = text(JSON.stringify({
			model: `${model}`,
			messages: [{ role: 'user', content: question }],
			max_tokens: ANSWER_TOKENS,
		}));
		forgery.salt = randomBytes(32);
		const shown = (parts) => api.createType(api.tx.receipts.reveal.meta.args[1].type.toString(), [parts])[0];
		forgery.claim = shown({ claim: await emptyClaim() }).claim;
		const { sketch, gain, trace } = forgery.claim;
		const receipt = {
			session: forgery.session,
			position: 0,
			model,
			input: hash(text('openledger/input'), forgery.salt, bytes(forgery.asked)),
			output: hash(text('openledger/output'), forgery.salt, bytes(text(answer))),
			usage,
			fee: (await stage.node.rpc('openledger_quote', model, usage.prompt, usage.output)).fee,
			claim: hash(text('openledger/claim'), sketch.toU8a(), gain.toU8a(), trace.toU8a()),
		};
		forgery.receipt = shown({ receipt }).receipt;
		return forgery;
	}

	/** The payer's voucher for `amount`, which is the receipt's fee where nothing else is said. */
	voucher(amount = this.receipt.fee.toBigInt()) {
		const { api } = stage;
		const RECEIPT = 3;
		const root = hash([0, RECEIPT], this.receipt.toU8a());
		const vouchers = api.tx.receipts.commitBatch.meta.args[1].type.toString();
		const unsigned = { session: this.session, amount, count: 1, root };
		const [{ voucher }] = api.createType(vouchers, [{ voucher: unsigned }]);
		const payload = joined(text('openledger/voucher/1:'), api.genesisHash.toU8a(), voucher.toU8a());
		return { voucher: unsigned, signature: { Sr25519: pair(this.payer).sign(payload) } };
	}

	async commit(...vouchers) {
		const call = stage.api.tx.receipts.commitBatch(stage.model, vouchers);
		this.batch = find(await submit(call, LIAR.agent), 'receipts', 'BatchCommitted').batch.toNumber();
		return this.batch;
	}

	/** Shows a receipt for the batch's draws, this one's own where nothing else is said. */
	async reveal(receipt = this.receipt) {
		await until(`batch ${this.batch} is drawn`, stage.node, async () => {
			const events = await eventsOf(stage.api, this.first, await stage.node.best());
			return all(events, 'receipts', 'BatchDrawn').some((data) => data.batch.eq(this.batch));
		});
		const proof = { siblings: [] };
		const shown = [{ receipt, proof, claim: this.claim }];
		return submit(stage.api.tx.receipts.reveal(this.batch, shown), LIAR.agent);
	}

	/** Has the liar hand out what was asked to the verifiers of the batch's first draw. */
	handOut() {
		const { session, position, model, input, output, usage, fee, claim } = this.receipt;
		const signature = `01${'00'.repeat(64)}`;
		stage.handout.give(drawId(this.batch, 0), {
			salt: this.salt.toString('hex'),
			asked: Buffer.from(this.asked).toString('hex'),
			receipt: {
				session: session.toNumber(),
				position: position.toNumber(),
				model: model.toNumber(),
				input: input.toHex(),
				output: output.toHex(),
				usage: { prompt: usage.prompt.toNumber(), output: usage.output.toNumber() },
				fee: fee.toString(),
				claim: claim.toHex(),
				signature,
			},
		});
	}

	verdict() {
		return stage.api.query.audits.verdicts(drawId(this.batch, 0)).then((found) => found.unwrap());
	}
}

/** What the operator of a draw's claim paid for it. */
const penalty = (events, batch) =>
	all(events, 'audits', 'ClaimRefuted').find(({ claim }) => claim.toBigInt() === drawId(batch, 0)).penalty.toBigInt();

/** Waits until a batch is concluded, and checks that its payer got all of it back. */
async function refunded({ batch, first, payer, earlier, receipt }) {
	const events = await concluded(batch, first);
	const { returned } = all(events, 'receipts', 'BatchConcluded').find((data) => data.batch.eq(batch));
	assert.equal(returned.toBigInt(), receipt.fee.toBigInt());
	const last = await conserved(first);
	const gone = earlier - (await worth(stage.api, payer));
	const held = await stage.api.query.balances.holds(address(payer));
	assert.equal(gone, transactionFees(stage.api, last, payer), `${held}`);
	return events;
}

/** Tests after `honest()`, a request that was answered and paid on chain. */
export function sessionTests(honest) {
	let first, session, paid, spent, traced;

	test('answers_in_a_session_outlive_a_killed_node_and_are_paid_by_draws', async () => {
		first = await stage.node.best();
		const before = await accrued('//Charlie');
		paid = [await asked(QUESTION, '--escrow', 1, '--blocks', BLOCKS), await asked(OTHER_QUESTION)];
		session = paid[0].session;
		assert.deepEqual(paid.map(({ receipt }) => receipt), [0, 1]);
		assert.equal(paid[1].session, session);
		assert.equal(paid[0].answer, honest().answer, 'HTTP and chain give the same answer');
		await stage.node.kill();
		stage.node = await startNode(stage.args, stage.node);
		await until('the API is connected again', stage.node, () => stage.api.isConnected);
		paid.push(await asked(QUESTION));
		assert.deepEqual([paid[2].session, paid[2].receipt], [session, 2]);
		spent = sum(paid.map(({ fee }) => fee));
		assert.equal(BigInt(paid[2].spent), spent);
		const { batch } = await committed(session, spent, first);
		// Its operator prunes a batch soon after it is concluded. Not every receipt is drawn.
		traced = await until('a receipt can be followed', stage.node, async () => {
			for (const { receipt } of paid) {
				const shown = await stage.run(PAYER, 'trace', '--session', session, '--receipt', receipt).catch(() => null);
				const text = JSON.stringify(shown);
				if (text.includes('evidence')) return text;
			}
			return null;
		});
		const events = await concluded(batch, first);
		const settled = all(events, 'receipts', 'DrawSettled');
		const total = all(events, 'receipts', 'BatchCommitted').map((data) => data.total.toBigInt());
		assert.equal(sum(settled.map((data) => data.fee.toBigInt())), sum(total));
		assert.equal(sum(total), spent);
		const opened = all(events, 'receipts', 'DrawOpened').map((data) => drawId(data.batch, data.draw));
		const verdicts = all(events, 'audits', 'AuditConcluded');
		for (const claim of opened) {
			const found = verdicts.find((data) => data.claim.toBigInt() === claim);
			assert.ok(found?.verdict.isUpheld, `draw ${claim}: ${found?.verdict}`);
		}
		assert.ok((await accrued('//Charlie')) > before, 'who taught it the door is paid');
		await conserved(first);
	});

	test('receipt_is_followed_to_its_draws_claims_records_and_accounts', () => {
		for (const part of ['batch', 'draw', 'evidence', address('//Charlie')]) {
			assert.ok(traced.includes(part), `${part} in ${traced}`);
		}
	});

	abuse('voucher_that_is_committed_twice_is_refused', async () => {
		const { api } = stage;
		let again;
		for (let number = first; number <= (await stage.node.best()); number++) {
			const { block } = await api.rpc.chain.getBlock(await api.rpc.chain.getBlockHash(number));
			again ??= block.extrinsics.find(({ method }) => api.tx.receipts.commitBatch.is(method));
		}
		await assert.rejects(submit(api.tx(again.method), AGENT), /NothingNew/);
		await conserved(first);
	});

	abuse('payer_that_closes_early_pays_what_it_signed_for', async () => {
		const start = await stage.node.best();
		const last = await asked(OTHER_QUESTION);
		await submit(stage.api.tx.receipts.closeSession(session), PAYER);
		const { batch, total } = await committed(session, spent + BigInt(last.fee), start);
		assert.equal(total.toBigInt(), BigInt(last.fee));
		await concluded(batch, start);
		await until('the session can be finished', stage.node, async () => {
			const done = await stage.run(PAYER, 'session', 'close', session);
			return done.returned !== undefined || done.ended;
		});
		const held = await stage.api.query.balances.holds(address(PAYER));
		assert.ok(!held.some(({ id }) => id.type === 'Receipts' && id.value.type === 'Escrow'), `${held}`);
		await conserved(start);
	});

	abuse('voucher_beyond_the_escrow_and_one_of_another_payer_are_refused', async () => {
		const { answer, usage } = honest();
		const forgery = await Forgery.make({ payer: DECEIVED[4], answer, usage });
		await assert.rejects(forgery.commit(forgery.voucher(3n * OPEN)), /EscrowExceeded/);
		const forged = forgery.voucher();
		forged.signature = { Sr25519: pair('//Dave').sign('anything') };
		await assert.rejects(forgery.commit(forged), /BadSignature/);
		await assert.rejects(forgery.commit(forgery.voucher(), forgery.voucher()), /Unordered/);
		await conserved(forgery.first);
	});

	// Each takes a minute or more from its commitment to its end: they take it together.
	let gone, silent, sketch, lie, bonded, before;

	test('liar_commits_to_what_it_made_up', async () => {
		[bonded, before] = [await bond(LIAR.operator), await accrued('//Charlie')];
		const { answer, usage } = honest();
		const made = [];
		for (const [at, details] of [
			{ answer, usage },
			{ answer, usage },
			{ answer, usage },
			{ answer: 'The door is whatever you want it to be.', usage: { prompt: 20, output: 9 } },
		].entries()) {
			const forgery = await Forgery.make({ payer: DECEIVED[at], ...details });
			await forgery.commit(forgery.voucher());
			made.push(forgery);
		}
		[gone, silent, sketch, lie] = made;
		sketch.handOut();
		lie.handOut();
		for (const forgery of [silent, sketch, lie]) await forgery.reveal();
	});

	abuse('operator_that_shows_anothers_receipt_is_refused', async () => {
		const foreign = { ...gone.receipt.toJSON(), session };
		await assert.rejects(gone.reveal(foreign), /NotInBatch/);
		await conserved(gone.first);
	});

	abuse('operator_that_disappears_after_its_commitment_is_paid_nothing_and_fined', async () => {
		const events = await refunded(gone);
		const missed = all(events, 'receipts', 'DrawsMissed').find((data) => data.batch.eq(gone.batch));
		assert.equal(missed.fee.toBigInt(), gone.receipt.fee.toBigInt());
		assert.ok(missed.penalty.toBigInt() >= OPEN);
	});

	abuse('operator_that_hands_nothing_out_pays', async () => {
		const events = await refunded(silent);
		assert.ok((await silent.verdict()).isWithheld);
		assert.ok(penalty(events, silent.batch) >= MIN_PENALTY);
	});

	abuse('operator_that_lies_in_the_sketch_of_a_receipt_pays_and_contributors_are_paid', async () => {
		const events = await concluded(sketch.batch, sketch.first);
		assert.equal((await sketch.verdict()).asRefuted.answer.toHex(), sketch.receipt.output.toHex());
		const settled = all(events, 'receipts', 'DrawSettled').filter((data) => data.batch.eq(sketch.batch));
		assert.equal(sum(settled.map((data) => data.fee.toBigInt())), sketch.receipt.fee.toBigInt());
		assert.ok(penalty(events, sketch.batch) >= MIN_PENALTY);
		assert.ok((await accrued('//Charlie')) > before);
		await conserved(sketch.first);
	});

	abuse('operator_that_lies_in_the_answer_of_a_receipt_pays_payer_and_contributors', async () => {
		const events = await refunded(lie);
		assert.notEqual((await lie.verdict()).asRefuted.answer.toHex(), lie.receipt.output.toHex());
		assert.ok(penalty(events, lie.batch) >= MIN_PENALTY);
		const made = all(events, 'rewards', 'Compensated');
		assert.equal(made.filter(({ request }) => request.toBigInt() === drawId(lie.batch, 0)).length, 1);
		assert.ok((await bond(LIAR.operator)) <= bonded - 3n * MIN_PENALTY - OPEN);
	});
}
