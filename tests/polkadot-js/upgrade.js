// The runtime is replaced while claims are challenged and audited.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { honest } from './network.js';
import { until } from './node.js';
import { answerOf, claimOf } from './split.js';
import {
	LIAR, OPERATOR, PAYER,
	abuse, asRoot, ask, bond, conserved, ended, pair, stage, submit, trace,
} from './stage.js';

const CODE = '0x3a636f6465';
/** What nodes recognise compressed code by. */
const COMPRESSED = Buffer.from([82, 188, 83, 118, 70, 219, 142, 5]);
const SECTION = Buffer.from('\x0fruntime_version', 'latin1');

const execute = promisify(execFile);

/**
 * The same code with the next version. Authoring, specification, implementation and transactions have their
 * versions side by side: in a section that nodes read, and wherever the code itself has them.
 */
function raised(code) {
	const copy = Buffer.from(code);
	let at = copy.indexOf(SECTION) + SECTION.length;
	assert.ok(at > SECTION.length, 'the code says its version');
	// Two short names with their lengths before them.
	const named = copy[at] >> 2;
	for (const _ of Array(2)) at += 1 + (copy[at] >> 2);
	const length = 12;
	const versions = Buffer.from(copy.subarray(at, at + length));
	const rest = copy.readUInt32LE(at + length + 1 + (copy[at + length] >> 2) * length);
	const own = Buffer.concat([versions, Buffer.alloc(4)]);
	own.writeUInt32LE(rest, length);
	const version = copy.readUInt32LE(at + 4);
	copy.writeUInt32LE(version + 1, at + 4);
	let found = 0;
	for (let place = copy.indexOf(own); place >= 0; place = copy.indexOf(own, place + 1)) {
		// Before them are where the interfaces are and how many, and before that how long the second name is.
		if (copy.readUInt32LE(place - 16) !== named) continue;
		copy.writeUInt32LE(version + 1, place + 4);
		found++;
	}
	assert.ok(found > 0, 'the code has its version');
	return { code: copy, version: version + 1 };
}

/** What fits into a block. */
async function compressed(code) {
	const path = join(stage.folder, 'code.wasm');
	await writeFile(path, code);
	await execute('zstd', ['--quiet', '--force', '-9', path, '-o', `${path}.zst`]);
	return Buffer.concat([COMPRESSED, await readFile(`${path}.zst`)]);
}

export function upgradeTests() {
	abuse('claims_that_are_open_when_the_runtime_is_replaced_are_judged_and_paid_as_any', async () => {
		const { api, node } = stage;
		const answered = await honest();
		const [first, bonded] = [await node.best(), await bond(LIAR.operator)];
		const stored = await node.rpc('state_getStorage', CODE);
		const { code, version } = raised(Buffer.from(stored.slice(2), 'hex'));
		const packed = `0x${(await compressed(code)).toString('hex')}`;
		const earlier = (await api.rpc.state.getRuntimeVersion()).specVersion.toNumber();
		assert.equal(version, earlier + 1);
		await asRoot([api.tx.system.authorizeUpgrade(api.registry.hash(Buffer.from(packed.slice(2), 'hex')))]);
		const [{ request: true_ }, { request: false_ }] = [await ask(OPERATOR), await ask(LIAR.operator)];
		const nobody = { ...(await claimOf(answered)), records: [], recordsProof: { nodes: [] } };
		await submit(answerOf(false_, nobody, answered), LIAR.agent);
		await until('both are answered', node, async () => (await trace(true_)).answeredAt);
		for (const request of [true_, false_]) assert.equal((await trace(request)).state, 'answered');
		// Not waited for by its events: while the library takes the new version over it can't read them.
		await api.tx.system.applyAuthorizedUpgrade(packed).signAndSend(pair(PAYER), { nonce: -1 });
		await until('the new code runs', node, async () =>
			(await api.query.system.lastRuntimeUpgrade()).unwrap().specVersion.eq(version));
		for (const other of [node, stage.far, stage.verifiers.node]) {
			await until('every node follows', other, async () =>
				(await other.rpc('state_getRuntimeVersion')).specVersion === version);
		}
		const judged = await Promise.all([true_, false_].map(ended));
		assert.deepEqual(judged.map(({ state }) => state), ['settled', 'settled']);
		assert.equal(judged[0].audit.verdict.kind, 'upheld');
		for (const end of judged) {
			for (const part of ['sketch', 'gain', 'earnedPpm', 'paid', 'evidence']) {
				assert.deepEqual(end[part], answered[part], part);
			}
			assert.deepEqual(end.distribution.contributors, answered.distribution.contributors);
		}
		assert.ok((await bond(LIAR.operator)) < bonded);
		const next = await ended((await ask(OPERATOR)).request);
		assert.deepEqual([next.state, next.distribution], ['settled', answered.distribution]);
		await conserved(first);
	});
}
