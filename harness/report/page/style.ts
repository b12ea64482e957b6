import { paletteCss } from '../charts/palette.ts'

const LIGHT = `--paper:#f7f5f0;--card:#fff;--ink:#1c2128;--soft:#545c67;--line:#dfdbd2;--bad:#a8320c;--bad-tint:#fbeae3;
--good:#00664e;--good-tint:#e2f3ec;--unsure:#7d5600;--unsure-tint:#faf0d9;--void:#8a1750;--void-tint:#f9e4ee;${paletteCss('light')}`

const DARK = `--paper:#13161a;--card:#1c2026;--ink:#e9e7e2;--soft:#a8b0bb;--line:#343a43;--bad:#ff9a73;--bad-tint:#3a2118;
--good:#5ad6ae;--good-tint:#12312a;--unsure:#f0c14b;--unsure-tint:#352a12;--void:#ff8fc0;--void-tint:#3b1a2a;${paletteCss('dark')}`

const BASE = `
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
main,.masthead,footer{max-width:68rem;margin:0 auto;padding-inline:clamp(1rem,3vw,2rem)}
.masthead{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:baseline;padding-block:1.1rem .6rem;color:var(--soft);font-size:.875rem}
.brand{font-weight:750;color:var(--ink);letter-spacing:-.01em;font-size:1rem}
.run-id{margin-inline-start:auto}
h1{font-size:clamp(1.45rem,1.1rem + 1.5vw,2.05rem);line-height:1.2;letter-spacing:-.022em;margin:.6rem 0 .5rem;text-wrap:balance;font-weight:720}
h2{font-size:1.3rem;line-height:1.25;letter-spacing:-.012em;margin:0 0 .5rem;font-weight:700}
h3{font-size:1rem;margin:1.25rem 0 .35rem}
p{margin:.4rem 0;max-width:46rem}
main>section{margin:0 0 3rem}
small{display:block;color:var(--soft);font-size:.8rem}
.lead{font-size:1.08rem;max-width:48rem;margin-bottom:1rem;text-wrap:pretty}
.note{color:var(--soft);font-size:.875rem}
.nowrap{white-space:nowrap}
ul{padding-inline-start:1.15rem;margin:.4rem 0;max-width:48rem}
li{margin:.2rem 0}
a{color:inherit}
:focus-visible{outline:2px solid var(--chart-io);outline-offset:2px}
footer{color:var(--soft);font-size:.8rem;padding-block:1.5rem 3rem;border-top:1px solid var(--line)}
`

const ANSWER = `
.answer{background:var(--card);border:1px solid var(--line);border-top:5px solid var(--tone);border-radius:.6rem;padding:clamp(1rem,2.5vw,1.75rem);margin-bottom:2.5rem}
.tone-bad{--tone:var(--bad);--tint:var(--bad-tint)}.tone-good{--tone:var(--good);--tint:var(--good-tint)}
.tone-unsure{--tone:var(--unsure);--tint:var(--unsure-tint)}.tone-void{--tone:var(--void);--tint:var(--void-tint)}
.badges{display:flex;flex-wrap:wrap;gap:.4rem .5rem;margin:0;max-width:none;font-size:.875rem;align-items:center}
.verdict{background:var(--tint);color:var(--tone);padding:.2rem .7rem;border-radius:99px;font-size:1rem}
.badge{border:1px solid var(--line);color:var(--soft);padding:.16rem .6rem;border-radius:99px}
.badge-good{color:var(--good);border-color:currentColor}.badge-bad{color:var(--void);border-color:currentColor;font-weight:650}
.badge-stamp{color:var(--unsure);background:var(--unsure-tint);border-color:currentColor;font-weight:700}
.facts{color:var(--soft);margin:.3rem 0 1.25rem;max-width:none}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,23rem),1fr));gap:1.1rem 2rem;margin:0}
.card{border-top:1px solid var(--line);padding-top:.7rem}
.card dt{font-weight:650;color:var(--tone);font-size:.9rem}
.card dd{margin:.15rem 0 0;font-size:1.02rem;text-wrap:pretty}
`

const TABLES = `
.table-box{overflow-x:auto;overflow-wrap:break-word;margin:.75rem 0;border:1px solid var(--line);border-radius:.5rem;background:var(--card)}
table{border-collapse:collapse;width:100%;font-size:.9rem}
caption{text-align:start;max-width:calc(100vw - 4rem);color:var(--soft);font-size:.85rem;padding:.6rem .8rem .2rem}
th,td{text-align:start;vertical-align:top;padding:.5rem .8rem;border-top:1px solid var(--line)}
thead th{border-top:0;color:var(--soft);font-weight:550;font-size:.82rem;white-space:nowrap}
tbody th{font-weight:620}
.number{text-align:end;white-space:nowrap}
.evidence td:nth-child(2){min-width:16rem}.fixes td:nth-child(2),.fixes td:nth-child(5){min-width:10.5rem}.fixes th[scope=row]{min-width:9rem}
.winner{background:var(--good-tint)}
.winner th::after{content:" ✓";color:var(--good)}
.statement{font:.8rem/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;display:block;min-width:16rem;overflow-wrap:anywhere}
.bars{margin-top:.5rem;table-layout:fixed}
.bars thead th:nth-child(1){width:14.5rem}.bars thead th:nth-child(3){width:9rem}.bars thead th:nth-child(4){width:12.5rem}
.bars caption{padding:0 0 .5rem}
.bars th,.bars td{border:0;padding:.4rem .6rem;vertical-align:middle}
.bars thead th:not(:nth-child(2)){font-size:0}
.bars tbody th{padding-inline-start:0;line-height:1.3}
.track{position:relative;height:2.3rem}
.bars .track{padding:0;}
.bars .track::after{content:"";position:absolute;left:var(--peak,-1px);top:0;bottom:0;width:2px;margin-left:-1px;background:var(--ink)}
.bars thead th:nth-child(2){position:relative;padding:0;height:1.4rem}
.peak-flag{position:absolute;left:var(--peak);transform:translateX(-50%);bottom:0;color:var(--ink);font-weight:650;white-space:nowrap}
.bar{position:absolute;left:0;top:.45rem;bottom:.45rem;border-radius:0 .2rem .2rem 0;background:var(--fill);opacity:.82}
.interval{position:absolute;top:50%;height:2px;margin-top:-1px;background:var(--ink)}
.interval::before,.interval::after{content:"";position:absolute;top:-5px;height:12px;width:2px;background:var(--ink)}
.interval::before{left:0}.interval::after{right:0}
.bar-good{--fill:var(--chart-good)}.bar-bad{--fill:var(--chart-bad)}.bar-unsure{--fill:var(--chart-lwlock)}
.figure{white-space:nowrap}.figure strong{font-size:1.1rem}
.beside{color:var(--soft);min-width:9rem}
`

const PARTS = `
.moments{list-style:none;padding:0;margin:0 0 1rem;display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,10.5rem),1fr));gap:.75rem;counter-reset:moment;max-width:none}
.moment{counter-increment:moment;margin:0;background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.6rem .8rem;display:grid;grid-template-columns:auto 1fr;column-gap:.55rem;align-items:baseline;align-content:start}
.moment::before{content:counter(moment);background:var(--chart-ink);color:var(--card);font-weight:700;font-size:.8rem;width:1.35rem;height:1.35rem;line-height:1.35rem;border-radius:50%;text-align:center}
.moment-name{color:var(--soft);font-size:.875rem}
.moment-when{grid-column:2;font-size:1.2rem;font-weight:680;letter-spacing:-.01em}
.moment-says{grid-column:2;font-size:.875rem;color:var(--soft);line-height:1.4}
.moment-not::before{opacity:.4}.moment-not .moment-when{font-size:1rem;font-weight:550;color:var(--soft)}
.chart{margin:.75rem 0;background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.9rem 1rem .5rem}
.chart figcaption{display:flex;flex-wrap:wrap;gap:.15rem 1.25rem;justify-content:space-between;margin-bottom:.3rem;font-size:.9rem}
.chart-title{font-weight:620}
.legend{display:flex;flex-wrap:wrap;gap:.1rem .9rem;color:var(--soft);font-size:.85rem}
.legend i{font-style:normal;margin-inline-end:.35rem}
svg{display:block;width:100%;height:auto}
.narrow{display:none}
.side-by-side{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1rem}
.side-by-side .chart{margin:0}
.multiples{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr));gap:.75rem}
.multiple{margin:0;background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.6rem .7rem .3rem}
.multiple.hot{border-color:var(--chart-bad)}
.multiple figcaption{font-size:.85rem;line-height:1.35}.multiple figcaption strong{display:block;font-weight:620}.multiple figcaption span{color:var(--soft)}
.multiple svg{max-width:26rem}
.do-not-buy{border-inline-start:4px solid var(--bad);background:var(--bad-tint);border-radius:.3rem;padding:.7rem 1rem;margin-top:1rem}
.do-not-buy h3{margin:0;color:var(--bad)}
.broken{color:var(--bad);font-weight:650}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:1rem 1.5rem;margin:.5rem 0}
.figures div{display:flex;flex-direction:column-reverse;justify-content:flex-end}
.figures dd{margin:0;font-size:1.65rem;font-weight:690;letter-spacing:-.02em;line-height:1.2}
.figures dt{color:var(--soft);font-size:.9rem}
.command span{display:inline-block;max-width:100%}
.command{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.75rem 1rem;margin:.5rem 0;white-space:pre-wrap;overflow-wrap:anywhere;font:.9rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
details{border-top:1px solid var(--line);padding:.7rem 0}
details:last-of-type{border-bottom:1px solid var(--line)}
summary{cursor:pointer}
.summary-title{font-weight:620;margin-inline-end:.75rem}.summary-lead{color:var(--soft);font-size:.9rem}
.glossary,.pairs{display:grid;gap:.35rem;margin:.75rem 0}
.glossary div,.pairs div{display:grid;grid-template-columns:minmax(8rem,13rem) 1fr;gap:1rem}
.glossary dt,.pairs dt{font-weight:600}.glossary dd,.pairs dd{margin:0;overflow-wrap:anywhere}
.sign-off{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,14rem),1fr));gap:1.5rem 2rem;margin:1rem 0}
.sign-off dt{color:var(--soft);font-size:.85rem}.sign-off dd{margin:0;height:2.2rem;border-bottom:1px solid var(--ink)}
`

const PHONE = `
@media (max-width:44rem){
.wide{display:none}.narrow{display:block}
main>section{margin-bottom:2.25rem}
.run-id{margin-inline-start:0;width:100%}
.chart{padding-inline:.6rem}
.bars,.bars tbody,.bars thead,.bars caption{display:block}
.bars thead tr{display:block;position:relative;height:1.4rem}
.bars thead th{position:absolute;left:-100vw}.bars thead th:nth-child(2){position:static;display:block}
.bars tbody tr{display:grid;grid-template-columns:1fr auto;padding-block:.35rem}
.bars tbody th{padding:0}.bars td{padding:0;grid-column:1/-1}
.bars .figure{grid-area:1/2;text-align:end;padding-inline-start:.75rem}.track{grid-row:2;height:1.7rem}.beside{grid-row:3;font-size:.875rem}
.glossary div,.pairs div{grid-template-columns:1fr;gap:0}
.stacks,.stacks caption,.stacks tbody{display:block}.stacks thead{display:none}
.stacks tbody tr{display:flex;flex-wrap:wrap;gap:.1rem 1rem;padding:.6rem .8rem;border-top:1px solid var(--line)}
.stacks tbody th,.stacks td{border:0;padding:0;min-width:0}
.stacks tbody th,.stacks td:not(.number,.nowrap){flex:1 0 100%}
.stacks td:last-child{order:1}
.stacks [data-label]::before{content:attr(data-label) " ";color:var(--soft)}
.stacks .statement{min-width:0}
}
`

const PRINT = `
@media print{
:root{color-scheme:light;${LIGHT}}
body{background:#fff;font-size:.85rem}
.answer,.chart,.multiple,.moment,tr,.do-not-buy{break-inside:avoid}h2,h3{break-after:avoid}
.table-box{overflow:visible}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
`

/** The report's style sheet: system fonts, both colour schemes, desk, phone and paper. */
export const STYLE = `:root{color-scheme:light dark;${LIGHT}}
@media (prefers-color-scheme:dark){:root{${DARK}}}
${BASE}${ANSWER}${TABLES}${PARTS}${PHONE}${PRINT}`
