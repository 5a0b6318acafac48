"""Fields of research that people name in words, and the categories in which sources file papers.

The names are those of arXiv's taxonomy (https://arxiv.org/category_taxonomy) and what people call
these fields; names that may mean anything ("Methodology", "Applications") are left out.
"""

from collections.abc import Mapping

_NAMES = """
cs.*: computer science
cs.AI: artificial intelligence / AI
cs.AR: hardware architecture / computer architecture
cs.CC: computational complexity / complexity theory
cs.CE: computational engineering, finance, and science / computational engineering
cs.CG: computational geometry
cs.CL: computation and language / computational linguistics / natural language processing / NLP
cs.CR: cryptography and security / cryptography / computer security / cybersecurity / security
cs.CV: computer vision and pattern recognition / computer vision
cs.CY: computers and society
cs.DB: databases
cs.DC: distributed, parallel, and cluster computing / distributed computing / parallel computing
cs.DL: digital libraries
cs.DM: discrete mathematics
cs.DS: data structures and algorithms
cs.FL: formal languages and automata theory / automata theory
cs.GR: computer graphics / graphics
cs.GT: computer science and game theory / game theory / algorithmic game theory
cs.HC: human-computer interaction / HCI
cs.IR: information retrieval
cs.LG: machine learning / ML
cs.LO: logic in computer science
cs.MA: multiagent systems / multi-agent systems
cs.MM: multimedia
cs.MS: mathematical software
cs.NE: neural and evolutionary computing / evolutionary computing
cs.NI: networking and internet architecture / computer networks / networking
cs.OS: operating systems
cs.PL: programming languages
cs.RO: robotics
cs.SC: symbolic computation
cs.SE: software engineering
cs.SI: social and information networks
econ.*: economics
econ.EM: econometrics
econ.TH: theoretical economics / economic theory
eess.AS: audio and speech processing / speech processing
eess.IV: image and video processing / image processing
eess.SP: signal processing
eess.SY: systems and control / control systems
math.*: mathematics / maths / math
math.AC: commutative algebra
math.AG: algebraic geometry
math.AP: analysis of PDEs
math.AT: algebraic topology
math.CA: classical analysis and ODEs
math.CO: combinatorics
math.CT: category theory
math.CV: complex variables
math.DG: differential geometry
math.DS: dynamical systems
math.FA: functional analysis
math.GN: general topology
math.GR: group theory
math.GT: geometric topology
math.IT: information theory
math.KT: K-theory and homology
math.LO: mathematical logic / logic
math.MG: metric geometry
math.NA: numerical analysis
math.NT: number theory
math.OA: operator algebras
math.OC: optimization and control
math.PR: probability theory / probability
math.QA: quantum algebra
math.RA: rings and algebras
math.RT: representation theory
math.SG: symplectic geometry
math.SP: spectral theory
math.ST: statistics theory
math-ph: mathematical physics
stat.*: statistics
astro-ph.*: astrophysics / astronomy
astro-ph.CO: cosmology / cosmology and nongalactic astrophysics
astro-ph.EP: earth and planetary astrophysics
astro-ph.GA: astrophysics of galaxies
astro-ph.HE: high energy astrophysical phenomena / high-energy astrophysics
astro-ph.SR: solar and stellar astrophysics
cond-mat.*: condensed matter / condensed matter physics
cond-mat.mtrl-sci: materials science
cond-mat.mes-hall: mesoscale and nanoscale physics
cond-mat.quant-gas: quantum gases
cond-mat.soft: soft condensed matter / soft matter
cond-mat.stat-mech: statistical mechanics
cond-mat.str-el: strongly correlated electrons
cond-mat.supr-con: superconductivity
gr-qc: general relativity and quantum cosmology / general relativity
hep-ex: high energy physics - experiment
hep-lat: high energy physics - lattice / lattice QCD
hep-ph: high energy physics - phenomenology / particle phenomenology
hep-th: high energy physics - theory / string theory
nlin.*: nonlinear sciences
nucl-ex: nuclear experiment
nucl-th: nuclear theory
physics.acc-ph: accelerator physics
physics.ao-ph: atmospheric and oceanic physics
physics.atom-ph: atomic physics
physics.bio-ph: biological physics / biophysics
physics.chem-ph: chemical physics
physics.comp-ph: computational physics
physics.flu-dyn: fluid dynamics
physics.geo-ph: geophysics
physics.ins-det: instrumentation and detectors
physics.med-ph: medical physics
physics.optics: optics
physics.plasm-ph: plasma physics
physics.soc-ph: physics and society
physics.space-ph: space physics
quant-ph: quantum physics
q-bio.*: quantitative biology
q-bio.BM: biomolecules
q-bio.GN: genomics
q-bio.MN: molecular networks
q-bio.NC: neurons and cognition / computational neuroscience
q-bio.PE: populations and evolution
q-fin.*: quantitative finance
q-fin.CP: computational finance
q-fin.MF: mathematical finance
q-fin.PM: portfolio management
q-fin.RM: risk management
"""
# Filed twice, or by two communities.
_ALSO = {
    "cs.LG": ("stat.ML",),
    "math.IT": ("cs.IT",),
    "math.NA": ("cs.NA",),
    "eess.SY": ("cs.SY",),
    "math.ST": ("stat.TH",),
}


def _folded(name: str) -> str:
    return " ".join(name.casefold().replace("-", " ").split())


def _by_name() -> Mapping[str, tuple[str, ...]]:
    lines = (line.split(": ", 1) for line in _NAMES.strip().splitlines())
    return {
        _folded(name): (category, *_ALSO.get(category, ()))
        for category, names in lines
        for name in names.split(" / ")
    }


_CATEGORIES = _by_name()


def named_by(text: str) -> tuple[str, ...]:
    """The categories of which a text is the name, and nothing but that: "number theory" is math.NT.
    Empty for most texts."""
    return _CATEGORIES.get(_folded(text), ())
