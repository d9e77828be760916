// The runtime is replaced while claims are challenged and audited.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { connect } from './chain.js';
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

/** The version of a specification that code says it has, in a section for those who do not run it. */
function versionOf(code) {
	let at = code.indexOf(SECTION) + SECTION.length;
	assert.ok(at > SECTION.length, 'the code says its version');
	// Two short names with their lengths before them, and the version of authoring.
	for (const _ of Array(2)) at += 1 + (code[at] >> 2);
	return code.readUInt32LE(at + 4);
}

/**
 * What the runtime is replaced by: the code that OPENLEDGER_NEXT_RUNTIME names, of a higher version; without
 * that the same code with one more section, which has the same version and is other code to every node.
 */
async function next(code) {
	const path = process.env.OPENLEDGER_NEXT_RUNTIME;
	if (!path) return Buffer.concat([code, Buffer.from([0, 5, 4]), Buffer.from('next')]);
	const other = await readFile(path);
	assert.ok(versionOf(other) > versionOf(code), `${path} is of version ${versionOf(other)}: it has to be higher`);
	return other;
}

async function zstd(bytes, ...options) {
	const [from, to] = ['code', 'code.out'].map((name) => join(stage.folder, name));
	await writeFile(from, bytes);
	await execute('zstd', ['--quiet', '--force', ...options, from, '-o', to]);
	return readFile(to);
}

/** What fits into a block. */
const compressed = async (code) => Buffer.concat([COMPRESSED, await zstd(code, '-9')]);

/** Code as it is where it was compressed. */
async function plain(code) {
	const { length } = COMPRESSED;
	return COMPRESSED.equals(code.subarray(0, length)) ? zstd(code.subarray(length), '--decompress') : code;
}

export function upgradeTests() {
	abuse('claims_that_are_open_when_the_runtime_is_replaced_are_judged_and_paid_as_any', async () => {
		const { api, node } = stage;
		const answered = await honest();
		const [first, bonded] = [await node.best(), await bond(LIAR.operator)];
		const stored = await plain(Buffer.from((await node.rpc('state_getStorage', CODE)).slice(2), 'hex'));
		const code = await next(stored);
		const version = versionOf(code);
		const packed = `0x${(await compressed(code)).toString('hex')}`;
		const hash = api.registry.hash(Buffer.from(packed.slice(2), 'hex'));
		const { authorizeUpgrade, authorizeUpgradeWithoutChecks } = api.tx.system;
		// Versions that do not rise are refused unless the authorisation says otherwise.
		await asRoot([(version > versionOf(stored) ? authorizeUpgrade : authorizeUpgradeWithoutChecks)(hash)]);
		const [{ request: true_ }, { request: false_ }] = [await ask(OPERATOR), await ask(LIAR.operator)];
		const nobody = { ...(await claimOf(answered)), records: [], recordsProof: { nodes: [] } };
		await submit(answerOf(false_, nobody, answered), LIAR.agent);
		await until('both are answered', node, async () => (await trace(true_)).answeredAt);
		for (const request of [true_, false_]) assert.equal((await trace(request)).state, 'answered');
		// Not waited for by its events: while the library takes the new version over it can't read them.
		await api.tx.system.applyAuthorizedUpgrade(packed).signAndSend(pair(PAYER), { nonce: -1 });
		for (const other of [node, stage.far, stage.verifiers.node]) {
			await until('every node runs the new code', other, async () => {
				const { specVersion } = await other.rpc('state_getRuntimeVersion');
				return specVersion === version && (await other.rpc('state_getStorage', CODE)) === packed;
			});
		}
		// A connection that has lived through another version mixes its types with those of before.
		await api.disconnect();
		stage.api = await connect(node);
		assert.ok((await stage.api.query.system.lastRuntimeUpgrade()).unwrap().specVersion.eq(version));
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
		const later = await ended((await ask(OPERATOR)).request);
		assert.deepEqual([later.state, later.distribution], ['settled', answered.distribution]);
		await conserved(first);
	});
}
