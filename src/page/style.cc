#include "page/style.h"

namespace robomerge::page {

// Colours are named once, for light and for dark. Those of charts, --c0 to --c7, can be told apart
// in both, also by who sees no red or no green.
const std::string_view kStyle = R"css(
:root{color-scheme:light dark;--ground:#f6f7f8;--card:#fff;--ink:#1b1f24;--soft:#5b6470;--line:#dfe3e8;
--accent:#185abc;--tint:#e8f0fd;--bad:#b42318;--warn:#8a5300;--good:#1a7f4b;
--c0:#3b76c4;--c1:#e08a2c;--c2:#4fa37a;--c3:#b0578d;--c4:#8a7bd1;--c5:#c9a227;--c6:#5aa9b8;--c7:#8c8f94}
@media(prefers-color-scheme:dark){:root{--ground:#101418;--card:#181d23;--ink:#e7eaee;--soft:#9aa5b1;--line:#2b333c;
--accent:#79b0ff;--tint:#1d2b40;--bad:#ff938a;--warn:#e9b35c;--good:#6fd09d;
--c0:#6ea4ea;--c1:#eaa254;--c2:#6cc197;--c3:#d383b3;--c4:#aa9ee6;--c5:#dcbd52;--c6:#7dc6d4;--c7:#9ba1a8}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-padding-top:3.5rem}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main,header.top,footer{max-width:72rem;margin:0 auto;padding:0 1.25rem}
header.top{padding-top:2.25rem}
.kind{margin:0;color:var(--soft);font-size:.8125rem;letter-spacing:.06em;text-transform:uppercase}
h1{margin:.1rem 0 .35rem;font-size:2rem;line-height:1.2;letter-spacing:-.015em;overflow-wrap:anywhere}
.lead{margin:0;color:var(--soft)}
h2{margin:0 0 .25rem;font-size:1.3rem;line-height:1.3;letter-spacing:-.01em}
h3{margin:1.5rem 0 .5rem;font-size:1rem}
p{margin:.35rem 0}
.soft,caption,figcaption,.about{color:var(--soft)}
.about{margin:0 0 1rem;max-width:46rem;font-size:.9375rem}
code,.path{font:.875em/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
a{color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:3px}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:.5rem;background:var(--card);padding:.5rem .75rem;z-index:3}
nav{position:sticky;top:0;z-index:2;background:var(--ground);border-bottom:1px solid var(--line);margin-top:1rem}
nav ul{max-width:72rem;margin:0 auto;padding:0 .75rem;display:flex;flex-wrap:wrap;list-style:none}
nav a{display:block;padding:.6rem .5rem;color:var(--soft);text-decoration:none;font-size:.9375rem}
nav a:hover{color:var(--ink);text-decoration:underline;text-underline-offset:.25em}
section{margin:1.25rem 0;padding:1.25rem;background:var(--card);border:1px solid var(--line);border-radius:10px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:1rem 1.25rem;margin:0}
.tiles div{min-width:0}
.tiles dt{color:var(--soft);font-size:.8125rem}
.tiles dd{margin:0;font-size:1.375rem;line-height:1.3;font-variant-numeric:tabular-nums;letter-spacing:-.01em;overflow-wrap:anywhere}
.tiles div:has(.words){grid-column:span 2}
.tiles dd.words{font-size:1rem;line-height:1.5;letter-spacing:0}
.tiles small{display:block;color:var(--soft);font-size:.8125rem;letter-spacing:0}
.scroll{overflow:auto;max-height:32rem}
table{width:100%;border-collapse:collapse;font-size:.9375rem;font-variant-numeric:tabular-nums}
caption{text-align:left;padding-bottom:.35rem;font-size:.875rem}
th,td{padding:.35rem .75rem .35rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
thead th{position:sticky;top:0;background:var(--card);color:var(--soft);font-weight:500;font-size:.8125rem;white-space:nowrap;vertical-align:bottom}
tbody tr:last-child>*{border-bottom:0}
tbody th{font-weight:400;overflow-wrap:anywhere;min-width:9rem}
.n{text-align:right;white-space:nowrap}
.n:last-child{padding-right:0}
.part{display:flex;align-items:center;gap:.75rem;white-space:nowrap}
.part b{font-weight:400;min-width:2.75rem;text-align:right}
.shares th:last-child,.shares td:last-child{padding-left:1rem;width:13rem}
.share{display:block;width:7rem;height:.5rem;background:var(--tint);border-radius:3px;overflow:hidden}
.share i{display:block;height:100%;background:var(--c0)}
.more{color:var(--soft);font-size:.875rem}
svg{display:block;width:100%}
.bars{height:7.5rem;border-bottom:1px solid var(--line)}
.axis{display:flex;justify-content:space-between;color:var(--soft);font-size:.8125rem;font-variant-numeric:tabular-nums;margin:.25rem 0 1rem}
.stack{height:1.125rem;border-radius:4px}
.lines{background:var(--tint);border-radius:4px}
.c0{fill:var(--c0)}.c1{fill:var(--c1)}.c2{fill:var(--c2)}.c3{fill:var(--c3)}.c4{fill:var(--c4)}.c5{fill:var(--c5)}.c6{fill:var(--c6)}.c7{fill:var(--c7)}
.key{display:flex;flex-wrap:wrap;gap:.2rem 1.25rem;list-style:none;margin:.6rem 0 0;padding:0;font-size:.875rem;font-variant-numeric:tabular-nums}
.key svg{display:inline-block;width:.75rem;height:.75rem;margin-right:.4rem;border-radius:2px;vertical-align:-1px}
.dims{table-layout:fixed;min-width:54rem}
.dims th,.dims td{vertical-align:middle}
.dims thead th:first-child{width:22%}
.dims thead th:nth-child(2){width:11rem}
.dims .n{overflow-wrap:normal}
.d{width:10rem;height:2.1rem}
.d path{fill:var(--c0)}
.d .w,.d .n,.d .m{fill:none;stroke:var(--soft);vector-effect:non-scaling-stroke}
.d .n{stroke-width:4}
.d .m{stroke:var(--ink);stroke-width:2}
details{border-top:1px solid var(--line)}
details.first{margin-top:1.25rem}
details:last-of-type{border-bottom:1px solid var(--line)}
summary{display:flex;align-items:baseline;gap:.6rem;padding:.6rem 0;cursor:pointer;list-style:none}
summary::-webkit-details-marker{display:none}
summary::before{content:"";flex:none;width:.45rem;height:.45rem;border:solid var(--soft);border-width:0 2px 2px 0;transform:rotate(-45deg)}
details[open]>summary::before{transform:rotate(45deg) translate(-1px,-2px)}
summary:hover::before{border-color:var(--ink)}
summary>:last-child{overflow-wrap:anywhere;min-width:0}
summary .soft{font-size:.875rem}
details>:not(summary){margin-left:0;margin-bottom:.75rem}
summary .tag{flex:none;min-width:4.75rem;padding:0 .45rem;border:1px solid;border-radius:4px;font-size:.75rem;line-height:1.5;text-align:center}
.bad{color:var(--bad)}.warn{color:var(--warn)}.good{color:var(--good)}
.places{margin:0;padding-left:1.1rem;font-size:.9375rem}
.places li{margin-bottom:.4rem;overflow-wrap:anywhere}
.cameras{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:1.5rem}
.cameras h3{margin-top:0;margin-bottom:0;overflow-wrap:anywhere}
.film{display:grid;grid-template-columns:repeat(4,1fr);gap:.5rem;margin-top:.5rem}
figure{margin:0}
figure img{display:block;width:100%;height:auto;border-radius:5px;background:var(--tint)}
figcaption{font-size:.8125rem}
footer{padding-bottom:2.5rem;color:var(--soft);font-size:.8125rem}
@media(max-width:640px){
main,header.top,footer{padding-left:1rem;padding-right:1rem}
section{margin:1rem -1rem;padding:1.1rem 1rem;border-radius:0;border-left:0;border-right:0}
h1{font-size:1.6rem}
nav ul{padding:0 .5rem;flex-wrap:nowrap;overflow-x:auto;scrollbar-width:none}
.tiles{grid-template-columns:repeat(2,1fr)}
.film{grid-template-columns:repeat(2,1fr)}
.scroll{max-height:none}
th,td{padding-right:.5rem}
.part{gap:.4rem}
.share{width:2.5rem}
summary .tag{min-width:0}
.cards thead{position:absolute;left:-99rem}
.cards tr{display:grid;grid-template-columns:repeat(3,auto);gap:.15rem .75rem;padding:.6rem 0;border-bottom:1px solid var(--line)}
.cards tr>*{border:0;padding:0;min-width:0;text-align:left}
.cards th,.cards td:last-child{grid-column:1/-1}
.shares tr{grid-template-columns:auto auto 1fr}
.shares td:last-child{grid-column:3;padding-left:0;width:auto}
.shares td:nth-child(2)::after,.files td:nth-child(4)::after{content:" episodes";color:var(--soft)}
.shares td:nth-child(3)::after{content:" frames";color:var(--soft)}
.shares .part{justify-content:flex-end}
.dims{min-width:0}
.dims thead{position:absolute;left:-99rem}
.dims tr{display:grid;grid-template-columns:repeat(4,1fr);gap:.15rem .5rem;padding:.6rem 0;border-bottom:1px solid var(--line)}
.dims th,.dims td{border:0;padding:0;min-width:0}
.dims th{grid-column:1/3}
.dims td:nth-child(2){grid-column:3/5}
.dims td.n{text-align:left;overflow-wrap:anywhere;white-space:normal}
.dims td.n::before{display:block;color:var(--soft);font-size:.75rem}
.dims td:nth-child(3)::before{content:"least"}.dims td:nth-child(4)::before{content:"1 %"}.dims td:nth-child(5)::before{content:"median"}
.dims td:nth-child(6)::before{content:"99 %"}.dims td:nth-child(7)::before{content:"greatest"}.dims td:nth-child(8)::before{content:"mean"}.dims td:nth-child(9)::before{content:"deviation"}
.d{width:100%}
}
@media print{
:root{color-scheme:light;--ground:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--accent:#000;--tint:#eee;--bad:#8a1a12;--warn:#6b4000;--good:#115c35;
--c0:#3b76c4;--c1:#e08a2c;--c2:#4fa37a;--c3:#b0578d;--c4:#8a7bd1;--c5:#c9a227;--c6:#5aa9b8;--c7:#8c8f94}
@page{margin:14mm}
body{font-size:10.5pt}
nav,.skip{display:none}
section{border:0;padding:0;margin:1.5rem 0}
.scroll{max-height:none;overflow:visible}
thead th{position:static}
summary::before{display:none}
tr,figure,li,.tiles div,h2,h3,summary{break-inside:avoid}
h2,h3,summary{break-after:avoid}
svg path,svg rect,.share,.share i{-webkit-print-color-adjust:exact;print-color-adjust:exact}
details::details-content{content-visibility:visible;height:auto}
}
)css";

}  // namespace robomerge::page
