import { test } from 'vitest'
import { selfTest } from '../../src/keys/mls/selfTest.ts'

test('the library passes the self-test that a client runs at its start', () => selfTest(Date.now()))
