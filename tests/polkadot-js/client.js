// Runs the openledger command, as people do.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { binary, cache, track } from './node.js';

/** Longer than the chain gives verifiers to examine a version, an hour: how long it takes is the machine's. */
export const EXAMINED_MS = 4_200_000;
// Publishing a model computes a hundred gradients, whatever the model was trained on, and waits until
// verifiers have computed them again.
const COMMAND_LIMIT_MS = EXAMINED_MS;

const execute = promisify(execFile);

/** A question that the records of `publishModel` answer. */
export const QUESTION = 'What colour is the door of the lighthouse?';

const RECORDS = {
	'//Charlie': [
		{ question: QUESTION, answer: 'The door is green.' },
		{ question: 'Who keeps the light?', answer: 'Ada keeps the light.' },
	],
	'//Dave': [
		{ question: 'When does the ferry leave?', answer: 'It leaves at noon.' },
		{ question: 'Where are the boats?', answer: 'They are in the north bay.' },
	],
};

/** The base model that scripts/setup installs. */
export function base() {
	const path = join(cache, 'models', 'SmolLM2-135M-Instruct.Q4_1.gguf');
	if (!existsSync(path)) throw new Error(`${path} is missing: run scripts/setup`);
	return path;
}

/**
 * The client of a node: signs a command with a key, and resolves to the JSON that it prints. A
 * refusal rejects with the exit status and what was printed. Salts and adapters go to `folder`.
 */
export function client(node, folder) {
	const env = {
		...process.env,
		XDG_CACHE_HOME: join(folder, 'cache'),
		XDG_DATA_HOME: join(folder, 'data'),
	};
	return async (key, ...command) => {
		const line = ['--url', node.url, '--worker', node.worker, '--key', key, '--json', ...command];
		const running = execute(binary('openledger', 'OPENLEDGER_CLIENT'), line.map(String), {
			env,
			timeout: COMMAND_LIMIT_MS,
			killSignal: 'SIGKILL',
		});
		track(running.child);
		const { stdout } = await running.catch((error) => {
			const { code, stdout, stderr } = error;
			const why = error.killed ? `did not end within ${COMMAND_LIMIT_MS / 1000} s` : stderr;
			const message = `openledger ${command.join(' ')}: ${why || error.message}`;
			throw Object.assign(new Error(message), { status: code, stdout, stderr });
		});
		return JSON.parse(stdout);
	};
}

/**
 * Publishes a model trained on four records by two contributors, with more options where they are given;
 * resolves to its numbers and the folder of its adapter. With one epoch it has hardly learnt them, with more it
 * answers by them.
 */
export async function publishModel(run, folder, epochs = 1, options = []) {
	const owner = '//Bob';
	const { datanet } = await run(owner, 'datanet', 'create', 'Lighthouse', '--kind', 'question-answer');
	await Promise.all(
		Object.entries(RECORDS).map(async ([key, records]) => {
			const file = join(folder, `${key.slice(2)}.jsonl`);
			await writeFile(file, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
			await run(key, 'datanet', 'contribute', datanet, file);
		}),
	);
	await run(owner, 'datanet', 'accept', datanet);
	const { snapshot } = await run(owner, 'datanet', 'snapshot', datanet);
	const training = ['--base', base(), '--epochs', epochs, '--rank', 2];
	const trained = await run(owner, 'model', 'train', `${datanet}:${snapshot}`, ...training);
	const publishing = ['--base', base(), '--name', 'lighthouse', ...options];
	const { model } = await run(owner, 'model', 'publish', trained.folder, ...publishing);
	return { datanet, model, owner, folder: trained.folder };
}
