"""Plain decoders of the entropy coders, written from sections 7.3 to 7.5 of the specification; nothing of spformat."""

SLOTS = 4096


def table(data):
    """Frequencies of 256 symbols and the escape symbol or None."""
    if data[0] & 3 == 2:
        return binomial(data[1])
    escape = data[2] if data[0] & 4 else None
    bits = iter([byte >> i & 1 for byte in data[3 if data[0] & 4 else 2 :] for i in range(8)])

    def take(width):
        return sum(next(bits) << i for i in range(width))

    rice, codes = data[0] >> 3 & 3, [take(6)]
    while len(codes) <= data[1]:
        ones = 0
        while next(bits):
            ones += 1
        z = (ones << rice) + take(rice)
        codes.append(codes[-1] + (z // 2 if z % 2 == 0 else -(z + 1) // 2))
    order = list(range(256))
    if data[0] & 3 == 1:
        order.sort(key=lambda symbol: (bin(symbol).count("1"), symbol))
    weights = [0] * 256
    for symbol, code in zip(order, codes, strict=False):
        weights[symbol] = (4 + (code - 1) % 4) << ((code - 1) // 4) if code else 0
    return normalised(weights), escape


def binomial(level):
    p = (16 + level % 16) << (level // 16)
    weights = []
    for symbol in range(256):
        chance, ones = 1 << 32, bin(symbol).count("1")
        for i in range(8):
            chance = chance * (p if i < ones else 65536 - p) >> 16
        weights.append(chance)
    least = 2**32 // 8192
    lost = [w for w in weights if w < least]
    if not lost:
        return normalised(weights), None
    weights = [w if w >= least else 0 for w in weights]
    escape = 255 if p < 32768 else 0
    weights[escape] = max(sum(lost), least)
    return normalised(weights), escape


def normalised(weights):
    shares = [max(1, w * SLOTS // sum(weights)) if w else 0 for w in weights]
    shares[weights.index(max(weights))] += SLOTS - sum(shares)
    return shares


def rans(data, count, tables):
    """`count` symbols, symbol i under (frequencies, escape) tables[i]; and what follows the stream."""
    if count == 0:
        return [], data
    lanes = 1 << data[0]
    states = [int.from_bytes(data[1 + 4 * i : 5 + 4 * i], "little") for i in range(lanes)]
    at, out = 1 + 4 * lanes, []
    for i in range(count):
        frequencies, x = tables[i][0], states[i % lanes]
        below, symbol = 0, 0
        while below + frequencies[symbol] <= x % SLOTS:
            below += frequencies[symbol]
            symbol += 1
        x = frequencies[symbol] * (x // SLOTS) + x % SLOTS - below
        if x < 1 << 16:
            x = (x << 16) + int.from_bytes(data[at : at + 2], "little")
            at += 2
        states[i % lanes] = x
        out.append(symbol)
    assert set(states) == {1 << 16}
    return out, data[at:]


def mask_bytes(data, count, tables):
    """As rans, with each escape replaced by the literal byte that follows the words."""
    symbols, rest = rans(data, count, tables)
    for i, symbol in enumerate(symbols):
        if symbol == tables[i][1]:
            symbols[i], rest = rest[0], rest[1:]
    return symbols, rest


def floats(data, count, itemsize, shift, base, frequencies):
    """Bit patterns of `count` values by floatsplit; and what follows them."""
    keys, rest = rans(data, count, [frequencies] * count)
    highs = []
    for key in keys:
        if key == frequencies[1]:
            highs.append(int.from_bytes(rest[:2], "little"))
            rest = rest[2:]
        else:
            highs.append(key + base)
    width, size = shift + 1, -(-count * (shift + 1) // 8)
    stream = int.from_bytes(rest[:size], "little")
    values = []
    for i, high in enumerate(highs):
        field = stream >> (i * width) & ((1 << width) - 1)
        low, sign = field & ((1 << shift) - 1), field >> shift
        values.append(sign << (8 * itemsize - 1) | high << shift | low)
    return values, rest[size:]


def strips(data, rows, columns, classes, tables):
    """Mask bits of `rows` x `columns`; classes are (of rows, of columns), tables[row class][column class]."""
    order = sorted(range(rows), key=lambda row: classes[0][row])
    contexts = []
    for first in range(0, rows, 8):
        row = tables[classes[0][order[first]]]
        contexts += [row[classes[1][column]] for column in range(columns)]
    symbols, rest = mask_bytes(data, len(contexts), contexts)
    mask = [[0] * columns for _ in range(rows)]
    for i, symbol in enumerate(symbols):
        for bit, row in enumerate(order[i // columns * 8 :][:8]):
            mask[row][i % columns] = symbol >> bit & 1
    return mask, rest


def codes(data, count, distinct, table=None, grouped=False):
    """Codes below `distinct`: packed, or under a table, one by one or grouped. Returns them and what follows."""
    width = (distinct - 1).bit_length()
    size = -(-count * width // 8)
    if grouped:
        packed, rest = mask_bytes(data, size, [table] * size)
        return codes(bytes(packed), count, distinct)[0], rest
    if table is not None:
        return rans(data, count, [table] * count)
    number = int.from_bytes(data[:size], "little")
    return [number >> i * width & (1 << width) - 1 for i in range(count)], data[size:]
