import { Client } from 'pg'

const client = new Client({ connectionString: process.env['DATABASE_URL'] })
await client.connect()
if (process.env['TINY_BAD_SEED']) await client.query('select * from no_such_table')
await client.query('create table counter (n integer not null)')
// A flaw of the data.
await client.query('insert into counter values ($1)', [process.env['SHOP_FLAWS'] ? 100 : 0])
await client.end()
