using System.Globalization;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Wire;

public sealed class NumberTextTests
{
    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.0004, "0")]
    [InlineData(0.0005, "0.001")]
    [InlineData(0.25, "0.25")]
    [InlineData(12.0, "12")]
    [InlineData(12.3456, "12.346")]
    [InlineData(-1.5, "-1.5")]
    [InlineData(123456789.5, "123456789.5")]
    [InlineData(1e17, "100000000000000000")]
    public void Thousandths_AreWrittenAsShortAsTheyCanBe(double value, string text) => Assert.Equal(text, NumberText.Thousandths(value));

    [Fact]
    public void Thousandths_OfAnyTime_ReadAsAFormatStringWritesThem()
    {
        var random = new Random(7);
        for (int i = 0; i < 20_000; i++)
        {
            double value = Math.Round(random.NextDouble() * Math.Pow(10, random.Next(0, 9)), random.Next(0, 4));
            Assert.Equal(value.ToString("0.###", CultureInfo.InvariantCulture), NumberText.Thousandths(value));
        }
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1, "0.0000000001")]
    [InlineData(10_000_000_000, "1")]
    [InlineData(-12_500_000_000, "-1.25")]
    [InlineData(long.MaxValue, "922337203.6854775807")]
    [InlineData(long.MinValue, "-922337203.6854775808")]
    public void Units_OfMoney_AreWrittenExactly(long units, string text) => Assert.Equal(text, NumberText.Scaled(units, 10));
}
