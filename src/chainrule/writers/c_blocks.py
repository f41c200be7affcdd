"""The parts of C scripts that are the same in each: random numbers, memory, a CSV reader."""

RANDOM = """\
/* The random numbers of NumPy's RandomState: MT19937 (Matsumoto & Nishimura 1998). */
struct generator { uint32_t state[624]; int next; };

static void seed(struct generator *g, uint32_t number) {
    for (int i = 0; i < 624; i++) {
        g->state[i] = number;
        number = 1812433253u * (number ^ (number >> 30)) + (uint32_t)i + 1u;
    }
    g->next = 624;
}

static uint32_t random_bits(struct generator *g) {
    if (g->next == 624) {
        for (int i = 0; i < 624; i++) {
            const uint32_t x = (g->state[i] & 0x80000000u) | (g->state[(i + 1) % 624] & 0x7fffffffu);
            g->state[i] = g->state[(i + 397) % 624] ^ (x >> 1) ^ (x & 1u ? 0x9908b0dfu : 0u);
        }
        g->next = 0;
    }
    uint32_t x = g->state[g->next++];
    x ^= x >> 11;
    x ^= (x << 7) & 0x9d2c5680u;
    x ^= (x << 15) & 0xefc60000u;
    return x ^ (x >> 18);
}
"""

SAMPLE = """\
/* Uniform on [0, 1), 53 bits. */
static double random_sample(struct generator *g) {
    const double high = random_bits(g) >> 5, low = random_bits(g) >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
}
"""

DRAW = """\
/* Uniform on [-limit, limit). */
static void draw(struct generator *g, int count, double limit, real *x) {
    for (int k = 0; k < count; k++)
        x[k] = (real)(-limit + (limit + limit) * random_sample(g));
}
"""

SHUFFLE = """\
/* A new order of the rows. */
static void permute(struct generator *g, int rows, int *order) {
    for (int i = 0; i < rows; i++)
        order[i] = i;
    for (int i = rows - 1; i > 0; i--) {
        uint32_t mask = (uint32_t)i, j;
        for (int shift = 1; shift < 32; shift *= 2)
            mask |= mask >> shift;
        do
            j = random_bits(g) & mask;
        while (j > (uint32_t)i);
        const int other = order[j];
        order[j] = order[i];
        order[i] = other;
    }
}
"""

STOP = """\
/* Ends the program with a message. */
static void stop(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    exit(2);
}
"""

ALLOCATE = """\
static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    if (!memory)
        stop("there is not enough memory for %zu numbers\\n", count);
    return memory;
}
"""

CSV = """\
/* All bytes of a file, and a 0 after them. */
static char *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (!file)
        stop("%s: %s\\n", path, strerror(errno));
    size_t room = 1 << 16;
    char *text = malloc(room);
    *length = 0;
    while (text) {
        *length += fread(text + *length, 1, room - 1 - *length, file);
        if (*length < room - 1)
            break;
        char *larger = room > SIZE_MAX / 2 ? NULL : realloc(text, room *= 2);
        if (!larger)
            free(text);
        text = larger;
    }
    if (!text)
        stop("%s does not fit into memory\\n", path);
    if (ferror(file))
        stop("%s: %s\\n", path, strerror(errno));
    fclose(file);
    text[*length] = 0;
    if (memchr(text, 0, *length))
        stop("%s is no text: it holds a byte 0\\n", path);
    return text;
}

/* How much of a cell is shown in a message. */
static int cell(const char *text) {
    const size_t wide = strcspn(text, ",\\r\\n");
    return wide < 40 ? (int)wide : 40;
}

/* The numbers of a CSV with a header line: rows of COLUMNS numbers each. Returns how many rows. */
static int read_csv(const char *path, real **table) {
    size_t length;
    char *text = read_file(path, &length), *at = text;
    size_t lines = 0;
    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\\n';
    if (lines >= INT_MAX / COLUMNS - 1)
        stop("%s has too many lines: %zu\\n", path, lines);
    real *numbers = allocate((lines + 1) * COLUMNS, sizeof(real));
    at += strcspn(at, "\\n");
    int rows = 0;
    for (int line = 2; *at; line++) {
        at++;
        if (!at[strspn(at, " \\t\\r\\n")])  /* nothing but blank lines to the end */
            break;
        for (int column = 1; column <= COLUMNS; column++) {
            at += strspn(at, " \\t");
            const size_t wide = strspn(at, "+-.0123456789eE");
            char *end = at;
            const real value = (real)strtod(at, &end);
            if (!wide || end != at + wide)
                stop("%s, line %d, column %d: '%.*s' is no number\\n", path, line, column, cell(at), at);
            if (!isfinite(value))
                stop("%s, line %d, column %d: %.*s is too large\\n", path, line, column, cell(at), at);
            at = end + strspn(end, " \\t\\r");
            if (*at != (column < COLUMNS ? ',' : '\\n') && (*at || column < COLUMNS))
                stop("%s, line %d: %d columns are needed, " NEEDED "\\n", path, line, COLUMNS);
            at += column < COLUMNS;
            numbers[(size_t)rows * COLUMNS + (size_t)column - 1] = value;
        }
        rows++;
    }
    free(text);
    if (!rows)
        stop("%s has no row below its header line\\n", path);
    *table = numbers;
    return rows;
}

/* Some neighbouring columns of a table. */
static real *columns(const real *table, int rows, int first, int count) {
    real *found = allocate((size_t)rows * (size_t)count, sizeof(real));
    for (int n = 0; n < rows; n++)
        for (int j = 0; j < count; j++)
            found[(size_t)n * (size_t)count + (size_t)j] = table[(size_t)n * COLUMNS + (size_t)(first + j)];
    return found;
}
"""
