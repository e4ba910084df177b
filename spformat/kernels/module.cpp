// The codecs' kernels for Python: takes buffers, releases the GIL, returns failures as tuples.
#include <memory>
#include <string>

#include "bindings.h"
#include "bits.h"
#include "coding.h"
#include "frequencies.h"
#include "simd.h"
#include "xxh3.h"

namespace {

size_t block_count(const Bytes& blocks) {
  if (blocks.size() % sizeof(spf::Block)) throw nb::value_error("the block table has the wrong size");
  return blocks.size() / sizeof(spf::Block);
}

nb::object run(const char* task, Bytes blocks, int file, nb::object memory, unsigned threads) {
  const size_t count = block_count(blocks);
  const HeldSource source(file, memory);
  const std::string_view name(task);
  const spf::Task which = name == "decode"      ? spf::Task::decode
                          : name == "positions" ? spf::Task::positions
                          : name == "measure"   ? spf::Task::measure
                          : name == "encode"    ? spf::Task::encode
                                                : spf::Task::check;
  spf::JobFailure failure;
  {
    nb::gil_scoped_release release;
    failure = spf::run(which, reinterpret_cast<spf::Block*>(blocks.data()), count, source.source, threads);
  }
  return report(failure);
}

uint64_t xxh3_64(ConstBytes data) {
  nb::gil_scoped_release release;
  return spf::xxh3_64(data.data(), data.size());
}

// Fills 256 frequencies; returns the escape symbol, -1 when there is none.
int read_table(nb::bytes table, nb::ndarray<uint16_t, nb::shape<256>, nb::c_contig, nb::device::cpu> frequencies) {
  int escape = -1;
  const auto* data = reinterpret_cast<const uint8_t*>(table.c_str());
  const char* wrong = spf::read_table(data, table.size(), frequencies.data(), &escape);
  if (wrong) throw nb::value_error(wrong);
  return escape;
}

// The classes of rows or columns, one byte each (no bytes when there is one class), from a bit stream of up to 4 bits a
// class; none when it has another length than `count` classes, a padding bit is set, or a class is not below `classes`.
nb::object read_classes(nb::bytes stream, unsigned width, unsigned classes, uint64_t count) {
  if (width > 8) throw nb::value_error("classes of more than 8 bits");
  if (stream.size() != spf::bytes_of_bits(count, width)) return nb::none();
  if (width == 0) return nb::bytes("", 0);  // whatever `count` is: a file may declare any number of rows
  std::string out(count, '\0');
  const auto* data = reinterpret_cast<const uint8_t*>(stream.c_str());
  if (!spf::unpack_below(data, width, classes, count, reinterpret_cast<uint8_t*>(out.data()))) return nb::none();
  return nb::bytes(out.data(), out.size());
}

// The same backwards.
nb::bytes pack_classes(nb::bytes classes, unsigned width) {
  if (width > 8) throw nb::value_error("classes of more than 8 bits");
  std::string out(spf::bytes_of_bits(classes.size(), width) + 8, '\0');
  spf::WideBitWriter bits(reinterpret_cast<uint8_t*>(out.data()));
  const auto* from = reinterpret_cast<const uint8_t*>(classes.c_str());
  for (size_t i = 0; i < classes.size(); ++i) bits.put(from[i] & ((1u << width) - 1), width);
  bits.finish();
  return nb::bytes(out.data(), spf::bytes_of_bits(classes.size(), width));
}

// The tables of one file, expanded for decoding or for encoding. Memory is only touched for those that are used.
class BoundModels {
 public:
  explicit BoundModels(bool encoding)
      : decode_(encoding ? nullptr : new spf::DecodeModel[kMost]),
        encode_(encoding ? new spf::EncodeModel[kMost] : nullptr) {
    for (int16_t& escape : escape_) escape = -1;
  }

  void expand(unsigned number, nb::bytes table) {
    if (number >= kMost) throw nb::index_error("a file has at most 256 tables");
    if (expanded_[number]) return;  // another thread was faster, and decodes with it
    uint16_t frequencies[256];
    int escape = -1;
    const auto* data = reinterpret_cast<const uint8_t*>(table.c_str());
    if (const char* wrong = spf::read_table(data, table.size(), frequencies, &escape)) throw nb::value_error(wrong);
    if (decode_) spf::expand_decode_model(frequencies, decode_[number]);
    if (encode_) spf::expand_encode_model(frequencies, escape, encode_[number]);
    escape_[number] = static_cast<int16_t>(escape);
    unsigned largest = 255;
    while (frequencies[largest] == 0) --largest;
    largest_[number] = static_cast<uint8_t>(largest);
    expanded_[number] = true;
  }

  unsigned largest(uint8_t number) const { return largest_[number]; }
  spf::Models models() const { return {decode_.get(), encode_.get(), escape_}; }

 private:
  static constexpr size_t kMost = 256;
  std::unique_ptr<spf::DecodeModel[]> decode_;
  std::unique_ptr<spf::EncodeModel[]> encode_;
  int16_t escape_[kMost];
  uint8_t largest_[kMost] = {};
  bool expanded_[kMost] = {};
};

// A Coding, and references to what it points to.
class BoundCoding {
 public:
  BoundCoding(nb::object models, uint8_t index_codec, uint8_t index_table, uint8_t row_classes, uint8_t column_classes,
              nb::bytes strip_tables, nb::bytes rows, nb::bytes columns, uint8_t value_codec, uint8_t value_table,
              uint8_t shift, uint32_t base, uint8_t code_codec, uint8_t codes_in_byte, nb::bytes codebook, uint16_t codebook_values,
              uint64_t run, uint64_t row, nb::bytes scales, uint16_t modulus, nb::bytes tops)
      : kept_{models, strip_tables, rows, columns, codebook, scales, tops} {
    coding_.models = nb::cast<const BoundModels&>(models).models();
    coding_.strip_tables = bytes_of(strip_tables);
    coding_.row_class = bytes_of(rows);
    coding_.column_class = bytes_of(columns);
    coding_.codebook = bytes_of(codebook);
    coding_.base = base;
    coding_.index_codec = index_codec;
    coding_.index_table = index_table;
    coding_.value_codec = value_codec;
    coding_.value_table = value_table;
    coding_.shift = shift;
    coding_.row_classes = row_classes;
    coding_.column_classes = column_classes;
    coding_.code_codec = code_codec;
    coding_.codes_in_byte = codes_in_byte;
    coding_.codebook_values = codebook_values;
    coding_.run = run;
    coding_.row = row;
    coding_.scales = bytes_of(scales);
    coding_.modulus = modulus;
    coding_.tops = modulus ? bytes_of(tops) : nullptr;
    coding_.scale_count = scales.size() / sizeof(float);
  }

  uint64_t address() const { return reinterpret_cast<uint64_t>(&coding_); }

 private:
  static const uint8_t* bytes_of(const nb::bytes& object) { return reinterpret_cast<const uint8_t*>(object.c_str()); }

  spf::Coding coding_{};
  nb::object kept_[7];
};

// For each block of a table: the most bytes that encoding it can take.
void most_stored_bytes(Bytes blocks, Words out) {
  const size_t count = block_count(blocks);
  if (out.size() != count) throw nb::value_error("the result has the wrong size");
  const auto* table = reinterpret_cast<const spf::Block*>(blocks.data());
  for (size_t i = 0; i < count; ++i) out.data()[i] = spf::most_stored_bytes(table[i]);
}

nb::list simd_names() {
  nb::list names;
  for (const spf::Simd* table : spf::simd_tables()) names.append(table->name);
  return names;
}

}  // namespace

NB_MODULE(_native, m) {
  m.attr("BLOCK_BYTES") = sizeof(spf::Block);
  m.attr("CODING_BYTES") = sizeof(spf::Coding);
  bind_index(m);
  bind_planner(m);
  nb::class_<BoundModels>(m, "Models", "The tables of one file, expanded for the kernels.")
      .def(nb::init<bool>(), nb::arg("encoding"))
      .def("expand", &BoundModels::expand, nb::arg("number"), nb::arg("table"),
           "Expands a table; ValueError when its bytes break a rule.")
      .def("largest", &BoundModels::largest, nb::arg("number"), "The largest symbol of a table that was expanded.");
  nb::class_<BoundCoding>(m, "Coding", "The codecs of a tensor's streams as the kernels read them.")
      .def(nb::init<nb::object, uint8_t, uint8_t, uint8_t, uint8_t, nb::bytes, nb::bytes, nb::bytes, uint8_t, uint8_t,
                    uint8_t, uint32_t, uint8_t, uint8_t, nb::bytes, uint16_t, uint64_t, uint64_t, nb::bytes, uint16_t,
                    nb::bytes>(),
           nb::arg("models"), nb::arg("index_codec"), nb::arg("index_table"), nb::arg("row_classes"),
           nb::arg("column_classes"), nb::arg("strip_tables"), nb::arg("rows"), nb::arg("columns"),
           nb::arg("value_codec"), nb::arg("value_table"), nb::arg("shift"), nb::arg("base"), nb::arg("code_codec"), nb::arg("codes_in_byte"),
           nb::arg("codebook"), nb::arg("codebook_values"), nb::arg("run"), nb::arg("row"), nb::arg("scales"), nb::arg("modulus"), nb::arg("tops"))
      .def_prop_ro("address", &BoundCoding::address, "Where the struct is.");
  m.def("read_table", &read_table, nb::arg("table"), nb::arg("frequencies"),
        "Frequencies of a table and its escape symbol; ValueError when it breaks a rule.");
  m.def("read_classes", &read_classes, nb::arg("stream"), nb::arg("width"), nb::arg("classes"), nb::arg("count"),
        "Classes of rows or columns from their bit stream, one byte each; None when it breaks a rule.");
  m.def("pack_classes", &pack_classes, nb::arg("classes"), nb::arg("width"), "Their bit stream.");
  m.def("most_stored_bytes", &most_stored_bytes, nb::arg("blocks"), nb::arg("out"),
        "The most bytes that each block of a table can take when its streams are coded.");
  m.def("run", &run, nb::arg("task"), nb::arg("blocks"), nb::arg("file"), nb::arg("memory").none(),
        nb::arg("threads"), "Runs check, decode, positions, measure or encode over a table of blocks.");
  m.def("xxh3_64", &xxh3_64, nb::arg("data"), "XXH3-64 of a buffer of bytes.");
  m.def("select_simd", [](nb::str name) { return spf::select_simd(name.c_str()); }, nb::arg("name"),
        "Use the loops of that name; returns whether this processor can.");
  m.def("simd_names", &simd_names, "Names of the loops that this processor can use: scalar, avx2, avx512, vbmi2.");
  m.def("simd_name", [] { return spf::simd().name; }, "Name of the loops in use.");
}
