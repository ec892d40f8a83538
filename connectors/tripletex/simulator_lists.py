"""The list endpoints of the Tripletex simulator: which parameters each takes, and what they filter."""

from connectors.tripletex.simulator_filters import (
    before_day,
    by_id,
    by_product_id,
    changed_since,
    contains,
    currency_code,
    customer_name,
    equals,
    flag,
    from_day,
    no_such,
    numbers,
    one_of,
    ranges,
    refers,
    vat_direction,
)
from connectors.tripletex.simulator_model import entity
from connectors.tripletex.simulator_query import Listing

LISTINGS: dict[str, Listing] = {
    "/customer": Listing(
        entity("Customer"),
        {
            "id": by_id,
            "customerAccountNumber": numbers("customerNumber"),
            "organizationNumber": equals("organizationNumber"),
            "email": equals("email"),
            "invoiceEmail": equals("invoiceEmail"),
            "customerName": customer_name,
            "phoneNumberMobile": equals("phoneNumberMobile"),
            "isInactive": flag("isInactive"),
            "accountManagerId": refers("accountManager"),
            "changedSince": changed_since,
        },
        defaults={"isInactive": "false"},
        only=lambda record_id, stored: bool(stored.values.get("isCustomer", True)),
    ),
    "/customer/category": Listing(
        entity("CustomerCategory"),
        {
            "id": by_id,
            "name": contains("name"),
            "number": equals("number"),
            "description": contains("description"),
            "type": numbers("type"),
        },
    ),
    "/contact": Listing(
        entity("Contact"),
        {
            "id": by_id,
            "firstName": contains("firstName"),
            "lastName": contains("lastName"),
            "email": contains("email"),
            "customerId": refers("customer"),
            "departmentId": refers("department"),
        },
        checksum=False,
    ),
    "/invoice": Listing(
        entity("Invoice"),
        {
            "id": by_id,
            "invoiceDateFrom": from_day("invoiceDate", "invoiceDateTo"),
            "invoiceDateTo": before_day("invoiceDate"),
            "invoiceNumber": equals("invoiceNumber"),
            "kid": equals("kid"),
            "voucherId": refers("voucher"),
            "customerId": refers("customer"),
        },
        required=("invoiceDateFrom", "invoiceDateTo"),
    ),
    "/invoice/paymentType": Listing(
        entity("PaymentType"),
        {
            "id": by_id,
            "description": contains("description"),
            "query": contains("description"),
        },
    ),
    "/order": Listing(
        entity("Order"),
        {
            "id": by_id,
            "number": equals("number"),
            "customerId": refers("customer"),
            "orderDateFrom": from_day("orderDate", "orderDateTo"),
            "orderDateTo": before_day("orderDate"),
            "deliveryComment": contains("deliveryComment"),
            "isClosed": flag("isClosed"),
            "isSubscription": flag("isSubscription"),
        },
        required=("orderDateFrom", "orderDateTo"),
    ),
    "/product": Listing(
        entity("Product"),
        {
            "number": numbers("number"),
            "ids": by_product_id,
            "productNumber": one_of("number"),
            "name": contains("name"),
            "ean": equals("ean"),
            "isInactive": flag("isInactive"),
            "isStockItem": flag("isStockItem"),
            "isSupplierProduct": no_such,
            "supplierId": refers("supplier"),
            "currencyId": refers("currency"),
            "vatTypeId": refers("vatType"),
            "productUnitId": refers("productUnit"),
            "departmentId": refers("department"),
            "accountId": refers("account"),
            **ranges("costExcludingVatCurrency", "priceExcludingVatCurrency", "priceIncludingVatCurrency"),
        },
    ),
    "/employee": Listing(
        entity("Employee"),
        {
            "id": by_id,
            "firstName": contains("firstName"),
            "lastName": contains("lastName"),
            "employeeNumber": contains("employeeNumber"),
            "email": contains("email"),
            "departmentId": refers("department"),
        },
        checksum=False,
    ),
    "/employee/entitlement": Listing(
        entity("Entitlement"), {"employeeId": refers("employee")}, checksum=False
    ),
    "/department": Listing(
        entity("Department"),
        {
            "id": by_id,
            "name": contains("name"),
            "departmentNumber": contains("departmentNumber"),
            "departmentManagerId": refers("departmentManager"),
            "isInactive": flag("isInactive"),
        },
    ),
    "/country": Listing(entity("Country"), {"id": by_id, "code": by_id, "isDisabled": no_such}),
    "/currency": Listing(entity("Currency"), {"id": by_id, "code": currency_code}),
    "/ledger/vatType": Listing(
        entity("VatType"),
        {"id": by_id, "number": numbers("number"), "typeOfVat": vat_direction},
        total_unknown=lambda given: "typeOfVat" in given,
    ),
    "/company/>withLoginAccess": Listing(entity("Company"), {}, checksum=False),
}
