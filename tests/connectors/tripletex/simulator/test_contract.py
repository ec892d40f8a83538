"""Names and types of what the API answers, distilled from its published contract 2.75.00.

Every field a simulated answer holds must stand in these tables, with this type; texts, dates and
references may be null, as they are in real answers.
"""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.tripletex.simulator_state import Line, TripletexState
from tests.connectors.tripletex.simulator.served import Api

BASE = "id:int version:int changes:Change* url:str "
ADDRESS = """
    addressLine1:str addressLine2:str postalCode:str city:str country:Country displayName:str
    addressAsString:str displayNameInklMatrikkel:str knr:int gnr:int bnr:int fnr:int snr:int unitNumber:str
"""
TABLES = {
    "Change": "employeeId:int timestamp:str changeType:str",
    "Reference": BASE,
    "Customer": BASE
    + """
        name:str organizationNumber:str globalLocationNumber:int supplierNumber:int customerNumber:int
        isSupplier:bool isCustomer:bool isInactive:bool accountManager:Employee department:Reference
        email:str invoiceEmail:str overdueNoticeEmail:str bankAccounts:str* phoneNumber:str
        phoneNumberMobile:str description:str language:str displayName:str isPrivateIndividual:bool
        singleCustomerInvoice:bool invoiceSendMethod:str emailAttachmentType:str postalAddress:Address
        physicalAddress:Address deliveryAddress:DeliveryAddress category1:CustomerCategory
        category2:CustomerCategory category3:CustomerCategory invoicesDueIn:int invoicesDueInType:str
        currency:Currency bankAccountPresentation:Reference* ledgerAccount:Reference isFactoring:bool
        invoiceSendSMSNotification:bool invoiceSMSNotificationNumber:str
        isAutomaticSoftReminderEnabled:bool isAutomaticReminderEnabled:bool
        isAutomaticNoticeOfDebtCollectionEnabled:bool discountPercentage:num website:str
    """,
    "Address": BASE + ADDRESS,
    "DeliveryAddress": BASE + ADDRESS + "name:str customerVendor:Reference",
    "CustomerCategory": BASE + "name:str number:str description:str type:int displayName:str",
    "Contact": BASE
    + """
        firstName:str lastName:str displayName:str email:str phoneNumberMobileCountry:Country
        phoneNumberMobile:str phoneNumberWork:str customer:Customer department:Reference isInactive:bool
    """,
    "Country": BASE + "name:str displayName:str isoAlpha2Code:str isoAlpha3Code:str isoNumericCode:str",
    "Currency": BASE + "code:str description:str factor:int displayName:str isDisabled:bool",
    "VatType": BASE
    + """
        name:str number:str displayName:str percentage:num deductionPercentage:num parentType:VatType
    """,
    "PaymentType": BASE
    + """
        description:str displayName:str debitAccount:Reference creditAccount:Reference vatType:VatType
        sequence:int customer:Customer supplier:Reference currencyId:int currencyCode:str
    """,
    "Employee": BASE
    + """
        firstName:str lastName:str displayName:str employeeNumber:str dateOfBirth:str email:str
        phoneNumberMobileCountry:Country phoneNumberMobile:str phoneNumberHome:str phoneNumberWork:str
        nationalIdentityNumber:str dnumber:str internationalId:Reference bankAccountNumber:str iban:str
        bic:str creditorBankCountryId:int usesAbroadPayment:bool userType:str
        allowInformationRegistration:bool isContact:bool isProxy:bool comments:str address:Address
        department:Reference employments:Reference* holidayAllowanceEarned:Reference
        employeeCategory:Reference isAuthProjectOverviewURL:bool pictureId:int companyId:int
        vismaConnect2FAactive:bool
    """,
    "Order": BASE
    + """
        customer:Customer contact:Contact attn:Contact displayName:str receiverEmail:str
        overdueNoticeEmail:str number:str reference:str ourContact:Contact ourContactEmployee:Employee
        department:Reference orderDate:str project:Reference invoiceComment:str internalComment:str
        currency:Currency invoicesDueIn:int status:str invoicesDueInType:str
        isShowOpenPostsOnInvoices:bool isClosed:bool deliveryDate:str deliveryAddress:DeliveryAddress
        deliveryComment:str isPrioritizeAmountsIncludingVat:bool orderLineSorting:str
        orderGroups:Reference* orderLines:OrderLine* isSubscription:bool subscriptionDuration:int
        subscriptionDurationType:str subscriptionPeriodsOnInvoice:int
        subscriptionPeriodsOnInvoiceType:str subscriptionInvoicingTimeInAdvanceOrArrears:str
        subscriptionInvoicingTime:int subscriptionInvoicingTimeType:str isSubscriptionAutoInvoicing:bool
        preliminaryInvoice:Invoice attachment:Reference* sendMethodDescription:str canCreateBackorder:bool
        invoiceOnAccountVatHigh:bool totalInvoicedOnAccountAmountAbsoluteCurrency:num
        invoiceSendSMSNotification:bool invoiceSMSNotificationNumber:str markUpOrderLines:num
        discountPercentage:num customerName:str projectManagerNameAndNumber:str travelReports:Reference*
        accountingDimensionValues:Reference*
    """,
    "OrderLine": BASE
    + """
        product:Product inventory:Reference inventoryLocation:Reference description:str displayName:str
        count:num unitCostCurrency:num unitPriceExcludingVatCurrency:num currency:Currency markup:num
        discount:num vatType:VatType amountExcludingVatCurrency:num amountIncludingVatCurrency:num
        vendor:Reference order:Order unitPriceIncludingVatCurrency:num isSubscription:bool
        subscriptionPeriodStart:str subscriptionPeriodEnd:str orderGroup:Reference sortIndex:int
        isPicked:bool pickedDate:str orderedQuantity:num isCharged:bool
    """,
    "Invoice": BASE
    + """
        invoiceNumber:int invoiceDate:str customer:Customer creditedInvoice:int isCredited:bool
        invoiceDueDate:str kid:str invoiceComment:str comment:str orders:Order* orderLines:OrderLine*
        travelReports:Reference* projectInvoiceDetails:Reference* voucher:Reference deliveryDate:str
        amount:num amountCurrency:num amountExcludingVat:num amountExcludingVatCurrency:num
        amountRoundoff:num amountRoundoffCurrency:num amountOutstanding:num
        amountCurrencyOutstanding:num amountOutstandingTotal:num amountCurrencyOutstandingTotal:num
        sumRemits:num currency:Currency isCreditNote:bool isCharged:bool isApproved:bool
        postings:Reference* reminders:Reference* invoiceRemarks:str invoiceRemark:Reference
        paymentTypeId:int paidAmount:num isPeriodizationPossible:bool documentId:int ehfSendStatus:str
    """,
    "Product": BASE
    + """
        name:str number:str displayNumber:str description:str orderLineDescription:str ean:str
        elNumber:str nrfNumber:str costExcludingVatCurrency:num expenses:num expensesInPercent:num
        costPrice:num profit:num profitInPercent:num priceExcludingVatCurrency:num
        priceIncludingVatCurrency:num isInactive:bool discountGroup:Reference productUnit:Reference
        isStockItem:bool stockOfGoods:num availableStock:num incomingStock:num outgoingStock:num
        vatType:VatType currency:Currency department:Reference account:Reference discountPrice:num
        supplier:Reference resaleProduct:Product isDeletable:bool hasSupplierProductConnected:bool
        weight:num weightUnit:str volume:num volumeUnit:str hsnCode:str image:Reference
        markupListPercentage:num markupNetPercentage:num displayName:str mainSupplierProduct:Reference
        isRoundPriceIncVat:bool priceInTargetCurrency:num purchasePriceCurrency:num minStockLevel:num
    """,
    "LoggedInUserInfo": """
        employeeId:int actualEmployeeId:int employee:Employee companyId:int company:Reference
        language:str loggedInWithConnect:bool employeeIsProxy:bool
    """,
    "ApiError": """
        status:int code:int message:str link:str developerMessage:str
        validationMessages:ApiValidationMessage* requestId:str
    """,
    "ApiValidationMessage": "field:str message:str path:str rootId:link",
}
SHAPES = {name: dict(token.split(":") for token in text.split()) for name, text in TABLES.items()}
PLAIN: dict[str, Any] = {"int": int, "link": int, "num": (int, Decimal), "bool": bool, "str": str}
NEVER_NULL = {"int", "num", "bool"}

YEAR = {
    "invoiceDateFrom": "2026-01-01",
    "invoiceDateTo": "2027-01-01",
    "orderDateFrom": "2026-01-01",
    "orderDateTo": "2027-01-01",
}
LISTS = {
    "/customer": "Customer",
    "/contact": "Contact",
    "/invoice": "Invoice",
    "/order": "Order",
    "/product": "Product",
    "/country": "Country",
    "/currency": "Currency",
    "/ledger/vatType": "VatType",
    "/invoice/paymentType": "PaymentType",
    "/customer/category": "CustomerCategory",
    "/employee": "Employee",
}
ON_DEMAND = {
    "Customer": {"changes", "bankAccounts"},
    "Order": {
        "changes",
        "internalComment",
        "ourContact",
        "ourContactEmployee",
        "status",
        "canCreateBackorder",
    },
    "Invoice": {"changes", "paymentTypeId", "paidAmount", "ehfSendStatus"},
    "Product": {"changes", "stockOfGoods", "availableStock", "incomingStock", "outgoingStock"},
}


def misfits(value: Any, kind: str, path: str = "") -> list[str]:
    """Where a JSON value does not fit a kind: unknown names, other types, nulls that cannot be."""
    if kind.endswith("*"):
        return [misfit for inner in value or () for misfit in misfits(inner, kind[:-1], f"{path}[]")]
    if value is None:
        return [f"{path} is null"] if kind in NEVER_NULL else []
    if kind in PLAIN:
        fits = isinstance(value, PLAIN[kind]) and (kind == "bool" or not isinstance(value, bool))
        return [] if fits else [f"{path} is {type(value).__name__}"]
    shape = SHAPES[kind]
    return [
        misfit
        for name, inner in value.items()
        for misfit in (
            misfits(inner, shape[name], f"{path}/{name}") if name in shape else [f"{path}/{name} is unknown"]
        )
    ]


def everything(kind: str, depth: int = 1) -> str:
    """A `fields` text that names every field of a kind and opens what it refers to."""
    parts = []
    for name, inner in SHAPES[kind].items():
        target = inner.rstrip("*")
        opens = depth and target in SHAPES and target not in ("Change", "Reference")
        parts.append(f"{name}({everything(target, depth - 1)})" if opens else name)
    return ",".join(parts)


@pytest.fixture(autouse=True)
def business(state: TripletexState) -> None:
    """One of each: a customer with all its references, a licence, an invoice, a payment, a credit note."""
    manager, category = state.add_employee("Ola", "Testesen"), state.add_category("Skole", "1")
    customer = state.add_customer(
        "Fjellrev Regnskap AS",
        accountManager=manager,
        category1=category,
        postalAddress={"city": "Oslo"},
        deliveryAddress={"name": "Bakdøra", "city": "Oslo"},
    )
    contact = state.add_contact(customer, "Kari", "Testesen", email="kari@fjellrev.example.no")
    licence = state.add_product("Lisens", "L1", price=Decimal("990.50"))
    order = state.add_order(
        customer,
        [Line(product=licence, unit_price=Decimal("990.50"))],
        order_date=date(2026, 1, 1),
        isSubscription=True,
        contact=contact,
    )
    invoice = state.invoice_order(order, date(2026, 2, 1))
    state.pay_invoice(invoice, Decimal(100))
    state.credit_invoice(invoice, date(2026, 2, 3))


@pytest.mark.parametrize(("path", "kind"), LISTS.items())
def test_lists_fit_the_contract(api: Api, path: str, kind: str) -> None:
    rows = api.rows(path, **YEAR)
    opened = api.rows(path, fields=everything(kind), **YEAR)

    assert rows
    assert misfits(rows, f"{kind}*") == []
    assert misfits(opened, f"{kind}*") == []


@pytest.mark.parametrize(("path", "kind"), LISTS.items())
def test_a_star_shows_all_but_what_is_on_demand(api: Api, path: str, kind: str) -> None:
    shown = api.rows(path, **YEAR)[0].keys()

    assert SHAPES[kind].keys() - shown == ON_DEMAND.get(kind, {"changes"})


def test_every_envelope_has_the_same_five_keys(api: Api) -> None:
    for path in LISTS:
        assert api.page(path, **YEAR).keys() == {
            "fullResultSize",
            "from",
            "count",
            "versionDigest",
            "values",
        }


def test_who_am_i_fits_the_contract(api: Api) -> None:
    assert misfits(api.value("/token/session/>whoAmI", fields="*,employee(*)"), "LoggedInUserInfo") == []


@pytest.mark.parametrize("path", ["/customer/1", "/customer?fields=x", "/customer?sorting=x", "/invoice"])
def test_errors_fit_the_contract(api: Api, path: str) -> None:
    error = api.send("GET", path).json()

    assert error.keys() == SHAPES["ApiError"].keys()
    assert misfits({key: value for key, value in error.items() if value is not None}, "ApiError") == []


def test_a_session_has_one_field_that_the_contract_does_not_know(api: Api) -> None:
    value = api.open_session("2026-11-30").json()["value"]

    assert value.keys() == {
        "id",
        "version",
        "url",
        "consumerToken",
        "employeeToken",
        "expirationDate",
        "token",
        "encryptionKey",
    }


def test_the_tables_do_notice_a_stranger() -> None:
    assert misfits({"id": "1", "vat": 25, "factor": True}, "Currency") == [
        "/id is str",
        "/vat is unknown",
        "/factor is bool",
    ]
