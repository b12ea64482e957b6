/** The whole style sheet: small enough to stand in every page, so that a page is one request. */
export const STYLE = `
:root{color-scheme:light dark;--ink:#1d1b18;--soft:#635e57;--paper:#fbfaf7;--card:#fff;--line:#e2ddd4;--brand:#8a2c0d;--on-brand:#fff;--wrong:#a8071a}
@media(prefers-color-scheme:dark){:root{--ink:#f1ede6;--soft:#b3aca2;--paper:#191715;--card:#242120;--line:#3b3734;--brand:#ffab84;--on-brand:#2a0f04;--wrong:#ff9c9c}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
a{color:inherit}a:hover{color:var(--brand)}
:focus-visible{outline:3px solid var(--brand);outline-offset:2px}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.25rem;padding:.5rem .75rem;background:var(--paper)}
header,main,footer{max-width:72rem;margin:auto;padding:1rem}
header{display:flex;flex-wrap:wrap;gap:.75rem 1.25rem;align-items:center;border-bottom:1px solid var(--line)}
.brand{font-weight:800;font-size:1.25rem;text-decoration:none;color:var(--brand);margin-right:auto}
form{margin:0;display:flex;flex-wrap:wrap;gap:.5rem;align-items:end}form+form{margin-top:1rem}
label{display:grid;gap:.2rem;font-size:.9rem}
input,button{font:inherit;padding:.5rem .75rem;border:1px solid var(--line);border-radius:.5rem;background:var(--card);color:inherit;min-height:2.75rem}
input{border-color:var(--soft)}input[type=number]{width:6rem}
button{background:var(--brand);color:var(--on-brand);border-color:var(--brand);font-weight:600;cursor:pointer}
.grid{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(min(11rem,45%),1fr));list-style:none;padding:0}
.card{background:var(--card);border:1px solid var(--line);border-radius:.75rem;overflow:hidden}
.card a{display:block;text-decoration:none;padding-bottom:.75rem;height:100%}
.card a>*{margin-inline:.75rem}.card svg{display:block;width:100%;margin:0 0 .5rem}
.name{font-weight:600;display:block}.price{font-variant-numeric:tabular-nums;font-weight:700}.soft{color:var(--soft);font-size:.9rem}.card .soft,.card .price{display:block}
.chips{display:flex;flex-wrap:wrap;gap:.5rem;list-style:none;padding:0}.chips a{display:block;padding:.35rem .75rem;border:1px solid var(--line);border-radius:2rem;text-decoration:none}
.product{display:grid;gap:1.5rem;grid-template-columns:repeat(auto-fit,minmax(min(20rem,100%),1fr))}.product svg{width:100%;border-radius:1rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.5rem .75rem .5rem 0;border-bottom:1px solid var(--line)}.n{text-align:right;font-variant-numeric:tabular-nums}
.stack{display:grid;gap:1rem;max-width:32rem}fieldset{display:grid;gap:1rem;border:1px solid var(--line);border-radius:.75rem;padding:1rem;margin:0;min-width:0}legend{font-weight:700;padding:0 .35rem}
.field{display:grid;gap:.25rem;min-width:0}.field label{font-weight:600}.pair{display:grid;gap:1rem;grid-template-columns:minmax(0,2fr) minmax(0,3fr)}.field input,select,textarea{width:100%;font:inherit;padding:.5rem .75rem;border:1px solid var(--soft);border-radius:.5rem;background:var(--card);color:inherit;min-height:2.75rem}
.pieces{display:flex;gap:.5rem;justify-content:end}.pieces>*{padding-inline:.5rem}.pieces input{width:4rem}.pieces button{background:none;color:inherit;border-color:var(--soft);font-weight:400}
.wrong{color:var(--wrong);font-weight:600}[aria-invalid]{border-color:var(--wrong)!important}
summary{padding:.75rem 0;cursor:pointer;font-weight:600}address{font-style:normal}article p{overflow-wrap:anywhere;white-space:pre-line}
h1,h2{line-height:1.2;text-wrap:balance}h1,h2,h3,p,label,address{overflow-wrap:anywhere}time{white-space:nowrap}main nav{display:flex;flex-wrap:wrap;gap:0 1rem;align-items:center}main nav a{padding-block:.6rem}.scroll,main nav{margin-block:1rem}:is(th,td):last-child{padding-right:0}
footer{border-top:1px solid var(--line);margin-top:2rem}
`
