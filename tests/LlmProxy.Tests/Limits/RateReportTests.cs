using LlmProxy.Limits;

namespace LlmProxy.Tests.Limits;

public sealed class RateReportTests
{
    [Theory]
    [InlineData(0, "0s")]
    [InlineData(120, "120ms")]
    [InlineData(119.2, "120ms")]
    [InlineData(1000, "1s")]
    [InlineData(1500, "1.5s")]
    [InlineData(60_000, "1m0s")]
    [InlineData(86_400, "1m26.4s")]
    [InlineData(360_000, "6m0s")]
    [InlineData(3_600_000, "1h0m0s")]
    [InlineData(59_999.5, "1m0s")]
    public void ResetText_Durations_ReadAsOpenAiWritesThem(double ms, string text) =>
        Assert.Equal(text, new RateReport(1, 0, TimeSpan.FromMilliseconds(ms)).ResetText);
}
