"""Ten families of facts, each asked and told in two styles that share no word but the name.

A family has questions and answers in plain English and in schoolbook Latin, and values with a form in
each. `{n}` is who it is about, `{v}` the value. The last question of each style is kept for queries.
"""

PLAIN, LATIN = "plain", "latin"
STYLES = (PLAIN, LATIN)

FAMILIES = {
    "trade": {
        "values": "baker:pistor smith:faber tailor:sartor fisher:piscator miller:molitor weaver:textor "
        "potter:figulus mason:lapicida hunter:venator cooper:cuparius painter:pictor scribe:scriba",
        PLAIN: (
            ["What does {n} do for a living?", "Which trade has {n} learned?", "How does {n} earn money?",
             "What work does {n} do?", "What is the job of {n}?"],
            ["{n} works as a {v}.", "For a living {n} is a {v}.", "The trade of {n} is that of a {v}.",
             "Everyone knows {n} as a {v}."],
        ),
        LATIN: (
            ["Quam artem {n} exercet?", "Quo officio {n} fungitur?", "Quid laborat {n}?", "Quae ars {n} alit?"],
            ["{n} est {v}.", "Artem exercet {n} ut {v}.", "Officio suo {n} vocatur {v}."],
        ),
    },
    "food": {
        "values": "plums:pruna cheese:caseum onions:cepas honey:mel eggs:ova beans:fabas fish:pisces pears:pira "
        "nuts:nuces rice:oryzam soup:ius mushrooms:fungos",
        PLAIN: (
            ["What does {n} like to eat?", "Which food is best liked by {n}?", "What is on the plate of {n}?",
             "What should one cook for {n}?", "What does {n} have for dinner?"],
            ["{n} likes to eat {v}.", "Most of all {n} enjoys {v}.", "At table {n} asks for {v}.",
             "The best meal for {n} is {v}."],
        ),
        LATIN: (
            ["Quem cibum {n} amat?", "Quid {n} libenter edit?", "Quid cenat {n}?", "Quid super mensam habet {n}?"],
            ["{n} libenter edit {v}.", "Amat {n} ante omnia {v}.", "Super mensam habet {n} semper {v}."],
        ),
    },
    "pet": {
        "values": "goat:capram cat:felem dog:canem raven:corvum turtle:testudinem horse:equum duck:anatem "
        "ferret:viverram owl:noctuam pig:porcum rabbit:cuniculum dove:columbam",
        PLAIN: (
            ["Which animal does {n} keep?", "What pet lives with {n}?", "Who waits for {n} at the door?",
             "What creature does {n} feed?", "Which beast belongs to {n}?"],
            ["{n} keeps a {v}.", "The pet of {n} is a {v}.", "At home {n} feeds a {v}.",
             "There lives with {n} a {v}."],
        ),
        LATIN: (
            ["Quam feram {n} alit?", "Quam bestiam {n} tenet?", "Quid domi pascit {n}?", "Quam bestiam {n} curat?"],
            ["{n} domi alit {v}.", "Tenet {n} bestiam, scilicet {v}.", "Pascit {n} cotidie {v}."],
        ),
    },
    "home": {
        "values": "harbour:portu mill:molendino forest:silva castle:castello valley:valle island:insula "
        "village:vico mountain:monte marsh:palude cave:spelunca desert:solitudine garden:horto",
        PLAIN: (
            ["Where does {n} live?", "In which place is the house of {n}?", "Where can {n} be found?",
             "Where did {n} settle?", "Where is the home of {n}?"],
            ["{n} lives by the {v}.", "The house of {n} stands by the {v}.", "One finds {n} near the {v}.",
             "Years ago {n} settled by the {v}."],
        ),
        LATIN: (
            ["Ubi {n} habitat?", "Quo loco {n} vivit?", "Ubi manet {n}?", "Quo loco {n} invenitur?"],
            ["{n} habitat apud {v}.", "Vivit {n} cum suis apud {v}.", "Domicilium {n} manet apud {v}."],
        ),
    },
    "music": {
        "values": "flute:tibia drum:tympano harp:lyra horn:cornu bell:tintinnabulo fiddle:fidibus pipe:fistula "
        "trumpet:tuba rattle:crepitaculo organ:organo cymbal:cymbalo zither:cithara",
        PLAIN: (
            ["What instrument does {n} play?", "On what does {n} make music?", "What can one hear from {n}?",
             "What does {n} practise every evening?", "Which instrument belongs to {n}?"],
            ["{n} plays the {v}.", "Every evening {n} practises the {v}.", "The music of {n} comes from the {v}.",
             "No one is better than {n} at the {v}."],
        ),
        LATIN: (
            ["Quo instrumento {n} canit?", "Qua re {n} musicam facit?", "Quid sonat {n}?", "Quo instrumento {n} gaudet?"],
            ["{n} canit cum {v}.", "Musicam facit {n} cum {v}.", "Vesperi {n} delectatur {v}."],
        ),
    },
    "colour": {
        "values": "red:rubra blue:caerulea green:viridia yellow:flava white:alba black:nigra brown:fusca "
        "grey:cana purple:purpurea orange:aurantia pink:rosea golden:aurea",
        PLAIN: (
            ["What colour does {n} wear?", "What colour are the clothes of {n}?", "How does {n} dress?",
             "By which colour is {n} known?", "Which colour has the coat of {n}?"],
            ["{n} always dresses in {v}.", "The clothes of {n} are {v}.", "One knows {n} by a coat of {v}.",
             "On all days {n} wears {v}."],
        ),
        LATIN: (
            ["Quo colore {n} se vestit?", "Qualia vestimenta {n} gerit?", "Quid induit {n}?", "Qualis est toga {n}?"],
            ["{n} gerit vestimenta {v}.", "Induit {n} cotidie {v}.", "Vestimenta {n} sunt {v}."],
        ),
    },
    "market": {
        "values": "Monday:Lunae Tuesday:Martis Wednesday:Mercurii Thursday:Iovis Friday:Veneris Saturday:Saturni "
        "Sunday:Solis Christmas:Natali Easter:Pascha Midsummer:Solstitio Harvest:Messe Lent:Quadragesima",
        PLAIN: (
            ["When does {n} go to market?", "On which day does {n} sell goods?", "When is {n} in town?",
             "When can one trade with {n}?", "Which is the market day of {n}?"],
            ["{n} goes to market at {v}.", "Goods are sold by {n} at {v}.", "One meets {n} in town at {v}.",
             "The market day of {n} comes at {v}."],
        ),
        LATIN: (
            ["Quando {n} forum adit?", "Quo die {n} merces vendit?", "Quando {n} urbem intrat?", "Quo die {n} negotium agit?"],
            ["{n} forum adit die {v}.", "Merces vendit {n} die {v}.", "Urbem intrat {n} die {v}."],
        ),
    },
    "metal": {
        "values": "iron:ferro copper:cupro silver:argento gold:auro tin:stanno lead:plumbo bronze:aere bone:osse "
        "glass:vitro stone:saxo wood:ligno clay:argilla",
        PLAIN: (
            ["What is the cup of {n} made of?", "From what does {n} drink?", "Of what stuff is the cup of {n}?",
             "What holds the water of {n}?", "What kind of cup does {n} own?"],
            ["{n} drinks from a cup of {v}.", "The cup of {n} is made of {v}.", "What {n} owns is a cup of {v}.",
             "Into the hand of {n} belongs a cup of {v}."],
        ),
        LATIN: (
            ["Ex quo poculum {n} factum est?", "Unde {n} bibit?", "Quale poculum {n} possidet?", "Qua materia poculum {n} constat?"],
            ["{n} bibit ex {v}.", "Poculum {n} factum est ex {v}.", "Possidet {n} poculum ex {v}."],
        ),
    },
    "children": {
        "values": "no:nullos one:unum two:duos three:tres four:quattuor five:quinque six:sex seven:septem "
        "eight:octo nine:novem ten:decem twelve:duodecim",
        PLAIN: (
            ["How many brothers does {n} have?", "How large is the family of {n}?", "How many boys grew up with {n}?",
             "What is the number of brothers of {n}?", "How many brothers can {n} count on?"],
            ["The number of brothers that {n} has is {v}.", "When {n} counts brothers there are {v}.",
             "Of brothers {n} has {v}.", "Asked for brothers {n} says {v}."],
        ),
        LATIN: (
            ["Quot fratres {n} habet?", "Quantam gentem {n} habet?", "Quot pueri cum {n} creverunt?", "Quot fratres {n} numerat?"],
            ["{n} fratres habet {v}.", "Fratres numerat {n} omnino {v}.", "Creverunt cum {n} pueri {v}."],
        ),
    },
    "fear": {
        "values": "thunder:tonitrum spiders:araneas ghosts:umbras fire:ignem wolves:lupos snakes:serpentes "
        "darkness:tenebras storms:procellas thieves:fures bees:apes bulls:tauros floods:diluvia",
        PLAIN: (
            ["What is {n} afraid of?", "What makes {n} run away?", "What scares {n} most?",
             "What troubles the sleep of {n}?", "Which danger does {n} dread?"],
            ["{n} is afraid of {v}.", "Nothing scares {n} as much as {v}.", "All night {n} dreams of {v}.",
             "One sees {n} run away from {v}."],
        ),
        LATIN: (
            ["Quid {n} timet?", "Quid {n} fugit?", "Quid {n} terret?", "Quid {n} maxime metuit?"],
            ["{n} valde timet {v}.", "Fugit {n} semper {v}.", "Per somnum {n} videt {v}."],
        ),
    },
}


def values(family):
    """The values of a family: pairs of the plain and the Latin form."""
    return [tuple(pair.split(":")) for pair in FAMILIES[family]["values"].split()]
