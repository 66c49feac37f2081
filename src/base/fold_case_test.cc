#include "base/fold_case.h"

#include <gtest/gtest.h>

namespace robomerge {
namespace {

TEST(FoldCase, FoldsLettersOfLatinGreekAndCyrillic) {
  EXPECT_EQ(FoldCase("Pick UP the CUP_3"), "pick up the cup_3");
  EXPECT_EQ(FoldCase("ÖFFNE ÀÉÎÕÜÞ × ÷ ß ÿ Ÿ"), "öffne àéîõüþ × ÷ ß ÿ ÿ");
  EXPECT_EQ(FoldCase("ŁÓDŹ ČEŠTINA ŐŰ ĞŞ ƠƯ ẮẤ ẞ"), "łódź čeština őű ğş ơư ắấ ß");
  EXPECT_EQ(FoldCase("ΆΛΦΑ ΟΔΌΣ οδός ΏΎ"), "άλφα οδόσ οδόσ ώύ");
  EXPECT_EQ(FoldCase("ОТКРОЙ ЁЛКУ ҐЄЇ ӘҚ Ӏ"), "открой ёлку ґєї әқ ӏ");
  EXPECT_EQ(FoldCase("İ ı 打开抽屉 🤖"), "İ ı 打开抽屉 🤖");
  EXPECT_EQ(FoldCase("A\xff\xc3"), "a\xff\xc3");  // not UTF-8: as it is
}

TEST(FoldText, EveryBlankOfUnicodeIsOne) {
  EXPECT_EQ(FoldText("\u00a0Wipe\u2009\tthe\u3000 table\n"), "wipe the table");
  EXPECT_EQ(FoldText("à\u00a0à"), "à à");
  EXPECT_EQ(FoldText("\u200bx"), "\u200bx");  // of no width: no blank
  EXPECT_EQ(FoldText(" \u2028 "), "");
}

}  // namespace
}  // namespace robomerge
